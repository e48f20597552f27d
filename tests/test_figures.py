"""Plots with names in any script."""

import io
import warnings

from matplotlib.figure import Figure

from topicdesk._figures import save_figure


def test_save_figure_keeps_characters_without_a_font_and_warns_of_none():
    figure = Figure()
    figure.subplots().set_title("विज्ञान 中文")
    file = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(figure, file, format="svg")
        save_figure(figure, io.BytesIO(), format="png")
    assert figure.axes[0].get_title() == "विज्ञान 中文"
