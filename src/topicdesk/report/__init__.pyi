from topicdesk.report.about import RUN_ID, About, Provenance
from topicdesk.report.card import model_card
from topicdesk.report.page import make_report

__all__ = ["RUN_ID", "About", "Provenance", "make_report", "model_card"]
