"""HTML pages and feeds: dates, the frame of a page, and outlets."""

import pytest

from topicdesk.corpus._markup import feed_entries, html_fields, outlet

PARAGRAPHS = (
    "The mill by the river was sold on a cold day, the owner said, and the workers will move to the quay in spring.",
    "The price is not known. The town had hoped to keep the mill, which stood there for two hundred years.",
    "A spokeswoman of the buyer said that work on the roof would begin soon, and that the wheel would turn again.",
)


def page(head="", before="", inside="", after=""):
    paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    return (
        f"<html lang='en'><head><title>Mill sold</title>{head}</head><body>{before}<article><h1>Mill sold</h1>"
        f"{inside}{paragraphs}</article>{after}</body></html>"
    ).encode()


def meta(name, content):
    return f'<meta property="{name}" content="{content}">'


TIME = '<time datetime="2015-05-12">12 May 2015</time>'


@pytest.mark.parametrize(
    "parts",
    [
        {"after": "<footer>© 2019 Valley Post. All rights reserved.</footer>"},
        {"after": '<footer><span class="date">Updated 5 April 2019</span></footer>'},
        {"after": f"<footer>{TIME}</footer>"},
        {"after": '<div class="footer"><p class="copyright">Copyright 2019-2020</p></div>'},
        {"after": f"<aside>{TIME} <a href='/2015/05/12/old'>An older story</a></aside>"},
        {"after": f"<div class='site-sidebar'>{TIME} An older story</div>"},
        {"after": f"<div id='related'><ul><li>{TIME} An older story</li></ul></div>"},
        {"before": f"<nav>{TIME}</nav>"},
        {"after": f"<article><h2>An older story</h2>{TIME}</article>"},
        {"inside": "<p>On March 4, 1998 the mill burnt, and the town built it anew.</p>"},
        {"inside": "<p>Received 2022-03-01, accepted 2022-12-16</p>"},
        {"inside": '<img src="/uploads/2018/03/02/mill.jpg">'},
        {"head": meta("og:image", "https://valley.example/uploads/2018/03/02/mill.jpg")},
        {"head": '<link rel="canonical" href="https://valley.example/2021/04/92713">'},
    ],
)
def test_html_fields_takes_no_date_of_another_story_a_footer_or_a_sentence(parts):
    assert html_fields(page(**parts))["published"] is None


@pytest.mark.parametrize(
    ("parts", "published"),
    [
        ({"head": meta("date", "05/04/2021")}, "2021-04-05"),
        ({"head": '<meta name="dc.date" content="2021-04-05">', "inside": "<p>Accepted 2022-12-16</p>"}, "2021-04-05"),
        (
            {
                "head": meta("article:modified_time", "2022-01-01T00:00:00Z")
                + meta("article:published_time", "2021-04-05T23:30:00-05:00")
            },
            "2021-04-05",
        ),
        (
            {"head": '<script type="application/ld+json">{"datePublished": "2021-04-05T12:00:00Z"}</script>'},
            "2021-04-05",
        ),
        ({"head": '<link rel="canonical" href="https://valley.example/2021/04/05/mill">'}, "2021-04-05"),
        (
            {"inside": '<time datetime="2021-04-05T10:00">5 April 2021</time>', "after": f"<aside>{TIME}</aside>"},
            "2021-04-05",
        ),
        ({"inside": '<div class="date">5 April 2021</div>', "after": "<footer>2019</footer>"}, "2021-04-05"),
    ],
)
def test_html_fields_reads_the_date_of_the_article(parts, published):
    assert html_fields(page(**parts))["published"] == published


def test_html_fields_makes_up_no_day_of_an_address():
    assert html_fields(page(), "https://valley.example/2021/04/92713")["published"] is None


def test_html_fields_reads_a_page_in_a_code_page():
    text = "Мельница у реки была продана в холодный день, сказал владелец, и рабочие переедут на причал весной. " * 3
    content = (
        '<html lang="ru"><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'
        f"<title>Мельница</title></head><body><article><h1>Мельница</h1><p>{text}</p></article></body></html>"
    )
    fields = html_fields(content.encode("cp1251"))
    assert (fields["title"], fields["published"]) == ("Мельница", None)
    assert fields["text"].startswith("Мельница у реки была продана")


def test_html_fields_finds_no_text_in_a_page_that_needs_javascript():
    content = (
        b"<html><head><title>Mill sold</title></head><body><div id='root'></div><noscript>You need to enable "
        b"JavaScript to run this app.</noscript></body></html>"
    )
    assert html_fields(content) is None


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (["Home | World | Sport"], ["Subscribe to our newsletter"]),
        (
            ["Home • Politics • Local News"],
            ["Sign up for our daily newsletter!", "© 2019 Valley Post. All rights reserved."],
        ),
        (["Home / News / Local"], ["Get the best stories in your inbox every morning.", "Copyright 2019 Valley Post"]),
    ],
)
def test_html_fields_removes_menus_and_newsletter_lines_of_pages_of_divs(above, below):
    lines = [*above, "Mill sold", *PARAGRAPHS, *below]
    divs = "".join(f"<div>{line}</div>" for line in lines)
    content = f"<html><head><title>Mill sold</title></head><body><div>{divs}</div></body></html>".encode()
    assert html_fields(content)["text"].removeprefix("Mill sold\n").split("\n") == list(PARAGRAPHS)


def test_html_fields_keeps_sentences_about_newsletters_and_bars():
    sentences = [
        "Readers subscribe to the newsletter of the mill, which the owner writes by hand. It has 300 readers.",
        *PARAGRAPHS,
        "The signs at the crossing read: Mill | Quay | Town, and nobody can miss them.",
    ]
    content = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    fields = html_fields(f"<html><body><article><h1>Mill sold</h1>{content}</article></body></html>".encode())
    assert fields["text"].split("\n")[-len(sentences) :] == sentences


@pytest.mark.parametrize("host", ["www.valley.example", "valley.example", "WWW.Valley.example"])
def test_an_outlet_has_one_name_across_pages_and_feeds(host):
    entry = f"<item><title>Mill sold</title><link>https://{host}/mill</link><description>Text.</description></item>"
    feed = f"<rss version='2.0'><channel><link>https://{host}</link>{entry}</channel></rss>".encode()
    (fields,), _ = feed_entries(feed)
    canonical = page(f'<link rel="canonical" href="https://{host}/mill">' + meta("og:site_name", "Valley Post"))
    assert fields["source"] == html_fields(canonical)["source"] == "valley.example"
    assert html_fields(page(), f"https://{host}/mill")["source"] == "valley.example"


@pytest.mark.parametrize("address", [None, "", "no address", "http://[broken"])
def test_outlet_of_no_address_is_none(address):
    assert outlet(address) is None
