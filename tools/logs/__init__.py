"""The log files of both programs. Both import this; it knows neither of them and needs the standard library only."""
