from topicdesk.starter.creating import NewProject, create_project

__all__ = ["NewProject", "create_project"]
