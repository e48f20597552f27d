"""Measure drawn figures."""

from matplotlib.backends.backend_agg import FigureCanvasAgg


def assert_legends_cover_no_data(figure, count=1):
    """Draw a figure, and check that each of its legends is inside the figure and outside the axes."""
    FigureCanvasAgg(figure).draw()
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend() is not None)]
    assert len(legends) == count
    for legend in legends:
        box = legend.get_window_extent()
        for axes in figure.axes:
            for part in (axes, axes.xaxis.label, *axes.get_xticklabels()):
                assert not box.overlaps(part.get_window_extent())
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
