from topicdesk.corpus._tables import (
    TableFormat as TableFormat,
)
from topicdesk.corpus.articles import (
    ARTICLE_COLUMNS as ARTICLE_COLUMNS,
    ARTICLE_SCHEMA as ARTICLE_SCHEMA,
    article_texts as article_texts,
    articles_frame as articles_frame,
    content_hash as content_hash,
    read_corpus as read_corpus,
    read_corpus_facts as read_corpus_facts,
    validate_corpus as validate_corpus,
    write_corpus as write_corpus,
)
from topicdesk.corpus.build import (
    BuiltCorpus as BuiltCorpus,
    build_corpus as build_corpus,
    published_labels_path as published_labels_path,
    stored_corpus as stored_corpus,
)
from topicdesk.corpus.cleaning import (
    CLEANING_STEPS as CLEANING_STEPS,
)
from topicdesk.corpus.duplicates import (
    Duplicates as Duplicates,
    find_duplicates as find_duplicates,
    near_duplicate_groups as near_duplicate_groups,
)
from topicdesk.corpus.importing import (
    ImportAccount as ImportAccount,
    check_output as check_output,
    import_articles as import_articles,
    import_records as import_records,
    read_articles as read_articles,
)
from topicdesk.corpus.names import (
    CORPUS_NAME as CORPUS_NAME,
)
from topicdesk.corpus.pages import (
    Page as Page,
    RemovedLine as RemovedLine,
    article_id as article_id,
    parse_page as parse_page,
)
from topicdesk.corpus.plots import (
    plot_corpus as plot_corpus,
)
from topicdesk.corpus.readers import (
    STDIN as STDIN,
    Record as Record,
    Unreadable as Unreadable,
    find_files as find_files,
    guess_ending as guess_ending,
    matched_columns as matched_columns,
    read_records as read_records,
)
from topicdesk.corpus.reading import (
    ReadOptions as ReadOptions,
    read_options as read_options,
    records_of as records_of,
)
from topicdesk.corpus.records import (
    Cleaning as Cleaning,
    clean_record as clean_record,
)
from topicdesk.corpus.report import (
    ReadReport as ReadReport,
)
from topicdesk.corpus.sources import (
    Source as Source,
    fetch_source as fetch_source,
    read_sources as read_sources,
    source_named as source_named,
)
from topicdesk.corpus.stories import (
    Stories as Stories,
    find_stories as find_stories,
    join_groups as join_groups,
    story_groups as story_groups,
)
from topicdesk.corpus.summary import (
    CorpusSummary as CorpusSummary,
    summarise_corpus as summarise_corpus,
)
