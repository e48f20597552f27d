from topicdesk.starter.creating import (
    NewProject as NewProject,
)
from topicdesk.starter.creating import (
    create_project as create_project,
)
