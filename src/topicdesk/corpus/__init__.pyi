from topicdesk.corpus.articles import (
    ARTICLE_COLUMNS,
    ARTICLE_SCHEMA,
    article_texts,
    articles_frame,
    content_hash,
    read_corpus,
    read_corpus_facts,
    validate_corpus,
    write_corpus,
)
from topicdesk.corpus.build import BuiltCorpus, build_corpus, published_labels_path, stored_corpus
from topicdesk.corpus.cleaning import CLEANING_STEPS
from topicdesk.corpus.duplicates import Duplicates, find_duplicates
from topicdesk.corpus.importing import ImportAccount, import_articles, read_articles
from topicdesk.corpus.names import CORPUS_NAME
from topicdesk.corpus.pages import Page, RemovedLine, article_id, parse_page
from topicdesk.corpus.plots import plot_corpus
from topicdesk.corpus.readers import STDIN, Record, Unreadable, find_files, guess_ending, matched_columns, read_records
from topicdesk.corpus.records import Cleaning, clean_record
from topicdesk.corpus.report import ReadReport
from topicdesk.corpus.sources import Source, fetch_source, read_sources, source_named
from topicdesk.corpus.summary import CorpusSummary, summarise_corpus

__all__ = [
    "ARTICLE_COLUMNS",
    "ARTICLE_SCHEMA",
    "CLEANING_STEPS",
    "CORPUS_NAME",
    "STDIN",
    "BuiltCorpus",
    "Cleaning",
    "CorpusSummary",
    "Duplicates",
    "ImportAccount",
    "Page",
    "ReadReport",
    "Record",
    "RemovedLine",
    "Source",
    "Unreadable",
    "article_id",
    "article_texts",
    "articles_frame",
    "build_corpus",
    "clean_record",
    "content_hash",
    "fetch_source",
    "find_duplicates",
    "find_files",
    "guess_ending",
    "import_articles",
    "matched_columns",
    "parse_page",
    "plot_corpus",
    "published_labels_path",
    "read_articles",
    "read_corpus",
    "read_corpus_facts",
    "read_records",
    "read_sources",
    "source_named",
    "stored_corpus",
    "summarise_corpus",
    "validate_corpus",
    "write_corpus",
]
