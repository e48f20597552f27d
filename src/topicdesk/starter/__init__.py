"""New projects: a small, complete folder to start from, with a sample or with a labelled table of the user's."""

from topicdesk.starter.creating import NewProject, create_project

__all__ = ["NewProject", "create_project"]
