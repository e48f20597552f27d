from topicdesk.annotation._label_cells import (
    topic_keys as topic_keys,
)
from topicdesk.annotation._taxonomy_file import (
    taxonomy_text as taxonomy_text,
)
from topicdesk.annotation.agreement import (
    adjudication as adjudication,
    agreement as agreement,
    disagreements as disagreements,
)
from topicdesk.annotation.annotations import (
    ADJUDICATED as ADJUDICATED,
    ANNOTATION_COLUMNS as ANNOTATION_COLUMNS,
    WEAK as WEAK,
    published_annotations as published_annotations,
    read_annotations as read_annotations,
    read_label_file as read_label_file,
    read_reserved as read_reserved,
    reserved_in as reserved_in,
    unused_published as unused_published,
    write_annotations as write_annotations,
)
from topicdesk.annotation.audit import (
    suspect_labels as suspect_labels,
)
from topicdesk.annotation.codebooks import (
    codebook_marks as codebook_marks,
    outdated_labels as outdated_labels,
    record_codebook as record_codebook,
)
from topicdesk.annotation.dataset import (
    Dataset as Dataset,
    join_dataset as join_dataset,
)
from topicdesk.annotation.importing import (
    LABELLED_CLEANING as LABELLED_CLEANING,
    imported_labels as imported_labels,
    label_source as label_source,
    read_labels as read_labels,
    read_table as read_table,
)
from topicdesk.annotation.inputs import (
    make_dataset as make_dataset,
)
from topicdesk.annotation.label_account import (
    ImportedLabels as ImportedLabels,
)
from topicdesk.annotation.label_export import (
    EXPORT_FORMATS as EXPORT_FORMATS,
    export_queue as export_queue,
    label_studio_interface as label_studio_interface,
)
from topicdesk.annotation.label_import import (
    LabelImport as LabelImport,
    import_labels as import_labels,
)
from topicdesk.annotation.pool import (
    Pool as Pool,
)
from topicdesk.annotation.prevalence import (
    prevalence as prevalence,
)
from topicdesk.annotation.queue import (
    QUEUE_COLUMNS as QUEUE_COLUMNS,
    STRATEGIES as STRATEGIES,
    draw_queue as draw_queue,
    parse_mix as parse_mix,
)
from topicdesk.annotation.sampling import (
    effective_size as effective_size,
    sampling_weights as sampling_weights,
)
from topicdesk.annotation.session import (
    AnnotationSession as AnnotationSession,
    Shown as Shown,
    fit_to_label as fit_to_label,
    open_session as open_session,
)
from topicdesk.annotation.store import (
    LabelStore as LabelStore,
    MemoryStore as MemoryStore,
)
from topicdesk.annotation.topics import (
    Codebook as Codebook,
    Taxonomy as Taxonomy,
    Topic as Topic,
    read_taxonomy as read_taxonomy,
)
from topicdesk.annotation.weak import (
    aggregate_rules as aggregate_rules,
    rule_table as rule_table,
    weak_annotations as weak_annotations,
)
