from datetime import date

import pytest
from hypothesis import given, strategies as st

from topicdesk.corpus._datelines import read_date, split_dateline

SENTENCE = "The ferry came late."


@pytest.mark.parametrize(
    ("written", "place", "published", "agency"),
    [
        ("Port Town/30.06.23/Courier: ", "Port Town", date(2023, 6, 30), "Courier"),
        ("Newhaven D.C./30.06.23/Courier: ", "Newhaven D.C.", date(2023, 6, 30), "Courier"),
        ("Port Town/Courier: ", "Port Town", None, "Courier"),
        ("30.06.23/Courier: ", "", date(2023, 6, 30), "Courier"),
        ("Port Town/30.06.23: ", "Port Town", date(2023, 6, 30), ""),
        ("PORT TOWN, February 7. /COURIER/. ", "PORT TOWN", None, "COURIER"),
        ("PORT TOWN, February 7, 2017 /COURIER/. ", "PORT TOWN", date(2017, 2, 7), "COURIER"),
        ("PORT TOWN /Norland/, February 7. /COURIER/. ", "PORT TOWN, Norland", None, "COURIER"),
        ("PORT TOWN. /COURIER/. ", "PORT TOWN", None, "COURIER"),
        ("ST. MARTIN, June 2. /COURIER/. ", "ST. MARTIN", None, "COURIER"),
        ("PORT TOWN (Courier) - ", "PORT TOWN", None, "Courier"),
        ("PORT TOWN, Feb 9 (Courier) - ", "PORT TOWN", None, "Courier"),
        ("NEW PORT, 1 November 2023 (PTN) — ", "NEW PORT", date(2023, 11, 1), "PTN"),
        ("(PTN)", "", None, "PTN"),
        ("(PTN) -- ", "", None, "PTN"),
        ("Port Town (PTN)", "Port Town", None, "PTN"),
        ("PORT TOWN, Nov 1 - ", "PORT TOWN", None, ""),
        ("PORT TOWN – ", "PORT TOWN", None, ""),
        ("PORT TOWN, Norland - ", "PORT TOWN, Norland", None, ""),
        ("Port Town, Norland-- ", "Port Town, Norland", None, ""),
        ("THE HAGUE (Courier) - ", "THE HAGUE", None, "Courier"),
    ],
)
def test_split_dateline_removes_and_reads_a_dateline(written, place, published, agency):
    dateline, rest = split_dateline(written + SENTENCE)
    assert (dateline.place, dateline.published, dateline.agency) == (place, published, agency)
    assert dateline.written == written
    assert rest == SENTENCE


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        "The captain (left) and the mate waited.",
        "Anna Berg - the first woman at the helm - resigned.",
        "Boats, trains, buses and the old trams – all were late.",
        "Mr Berg (Labour) said no.",
        "Port Town (not Old Town) is where it lay.",
        "BREAKING - The ferry sank.",
        "On Friday, May 5 - the day of the vote - it rained.",
        "PORT TOWN, Nov 1 - ",
        "Yes/No: The vote is on.",
        "",
        # Scripts without capitals, and words without a capital in other alphabets.
        "اتفق وزراء الخارجية على خطة جديدة - وقال المتحدث إن المحادثات ستستمر.",
        "ראש הממשלה אמר - המשא ומתן יימשך ביום שני בעיר הבירה.",
        "وزیر امور خارجه - گفت‌وگوها روز دوشنبه ادامه می‌یابد.",
        "सर्वोच्च न्यायालय ने कहा - सुनवाई सोमवार को होगी।",
        "中国经济增长放缓——专家说央行下个月可能会降息。",
        "首相は記者会見で述べた－交渉は月曜日に続くという。",
        "Президент России – Владимир Комаров – прибыл в порт в понедельник.",
        "Суд города Речной - Иван Петров осуждён на четыре года за взятку.",
        "Верховний Суд України — Рішення оголосять у понеділок.",
        "Ο πρωθυπουργός της χώρας - Η συνάντηση θα γίνει τη Δευτέρα.",
        "Über Österreich – Ämter schließen am Montag wegen Sturms.",
    ],
)
def test_split_dateline_keeps_a_sentence_that_looks_like_a_dateline(text):
    assert split_dateline(text) == (None, text)


@pytest.mark.parametrize(
    ("written", "read", "flags"),
    [
        ("30.06.23", date(2023, 6, 30), ()),
        ("06/30/2023", date(2023, 6, 30), ()),
        ("03/04/2023", date(2023, 4, 3), ("ambiguous date",)),
        ("04.04.2023", date(2023, 4, 4), ()),
        ("1.2.69", date(1969, 2, 1), ("ambiguous date",)),
        ("1.2.68", date(2068, 2, 1), ("ambiguous date",)),
        ("2023-06-30", date(2023, 6, 30), ()),
        ("June 30, 2023", date(2023, 6, 30), ()),
        ("30 June 2023", date(2023, 6, 30), ()),
        ("Sept. 3rd, 2020", date(2020, 9, 3), ()),
        ("February 7", None, ("date without a year",)),
        ("31.02.2023", None, ("no such date",)),
        ("99.99.23", None, ("no such date",)),
        ("some day", None, ("no date",)),
    ],
)
def test_read_date_follows_the_documented_rules(written, read, flags):
    assert read_date(written) == (read, flags)


@given(
    text=st.text(max_size=200)
    | st.from_regex(r"[A-Z]{3,8}(, [A-Z][a-z]+)?( ?[-/(.]{1,2} ?[A-Za-z0-9.]{1,9}){0,3}[):/ ]?.*")
)
def test_split_dateline_loses_no_text(text):
    dateline, rest = split_dateline(text)
    assert (dateline.written if dateline else "") + rest == text
    assert dateline is None or len(dateline.written) <= 90
