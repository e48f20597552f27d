"""Compare text classifiers on news articles, with statistics that a reviewer can check.

The public names are declared in ``__init__.pyi``. Each is imported when it is first used, so that ``import topicdesk``
and the command line start at once.
"""

from importlib.metadata import version

from topicdesk._lazy import attach

#: The version of the installed package.
__version__ = version("topicdesk")

__all__ = attach(
    __name__,
    former={
        "Labeller": ("topicdesk.prediction", "topicdesk.TopicClassifier"),
        "fit_labeller": ("topicdesk.prediction", "the method fit of a comparison, or topicdesk.TopicClassifier"),
        "load_labeller": ("topicdesk.tracking", "topicdesk.load_model"),
    },
)
