from topicdesk.corpus.articles import (
    ARTICLE_COLUMNS as ARTICLE_COLUMNS,
)
from topicdesk.corpus.articles import (
    ARTICLE_SCHEMA as ARTICLE_SCHEMA,
)
from topicdesk.corpus.articles import (
    article_texts as article_texts,
)
from topicdesk.corpus.articles import (
    articles_frame as articles_frame,
)
from topicdesk.corpus.articles import (
    content_hash as content_hash,
)
from topicdesk.corpus.articles import (
    read_corpus as read_corpus,
)
from topicdesk.corpus.articles import (
    read_corpus_facts as read_corpus_facts,
)
from topicdesk.corpus.articles import (
    validate_corpus as validate_corpus,
)
from topicdesk.corpus.articles import (
    write_corpus as write_corpus,
)
from topicdesk.corpus.build import (
    BuiltCorpus as BuiltCorpus,
)
from topicdesk.corpus.build import (
    build_corpus as build_corpus,
)
from topicdesk.corpus.build import (
    published_labels_path as published_labels_path,
)
from topicdesk.corpus.build import (
    stored_corpus as stored_corpus,
)
from topicdesk.corpus.cleaning import (
    CLEANING_STEPS as CLEANING_STEPS,
)
from topicdesk.corpus.duplicates import (
    Duplicates as Duplicates,
)
from topicdesk.corpus.duplicates import (
    find_duplicates as find_duplicates,
)
from topicdesk.corpus.importing import (
    ImportAccount as ImportAccount,
)
from topicdesk.corpus.importing import (
    import_articles as import_articles,
)
from topicdesk.corpus.importing import (
    read_articles as read_articles,
)
from topicdesk.corpus.names import (
    CORPUS_NAME as CORPUS_NAME,
)
from topicdesk.corpus.pages import (
    Page as Page,
)
from topicdesk.corpus.pages import (
    RemovedLine as RemovedLine,
)
from topicdesk.corpus.pages import (
    article_id as article_id,
)
from topicdesk.corpus.pages import (
    parse_page as parse_page,
)
from topicdesk.corpus.plots import (
    plot_corpus as plot_corpus,
)
from topicdesk.corpus.readers import (
    STDIN as STDIN,
)
from topicdesk.corpus.readers import (
    Record as Record,
)
from topicdesk.corpus.readers import (
    Unreadable as Unreadable,
)
from topicdesk.corpus.readers import (
    find_files as find_files,
)
from topicdesk.corpus.readers import (
    guess_ending as guess_ending,
)
from topicdesk.corpus.readers import (
    matched_columns as matched_columns,
)
from topicdesk.corpus.readers import (
    read_records as read_records,
)
from topicdesk.corpus.records import (
    Cleaning as Cleaning,
)
from topicdesk.corpus.records import (
    clean_record as clean_record,
)
from topicdesk.corpus.report import (
    ReadReport as ReadReport,
)
from topicdesk.corpus.sources import (
    Source as Source,
)
from topicdesk.corpus.sources import (
    fetch_source as fetch_source,
)
from topicdesk.corpus.sources import (
    read_sources as read_sources,
)
from topicdesk.corpus.sources import (
    source_named as source_named,
)
from topicdesk.corpus.summary import (
    CorpusSummary as CorpusSummary,
)
from topicdesk.corpus.summary import (
    summarise_corpus as summarise_corpus,
)
