from topicdesk.interface.comparing import (
    Comparison as Comparison,
    compare as compare,
)
from topicdesk.interface.model import (
    TopicClassifier as TopicClassifier,
    load_model as load_model,
)
