from topicdesk.starter.creating import (
    NewProject as NewProject,
    create_project as create_project,
)
