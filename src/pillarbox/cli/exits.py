"""What the exit code of every command means."""

OK = 0
REFUSED = 1  # what was asked cannot be done as things are: it exists already, there is no such account
USAGE = 2  # the command line is wrong
SETTINGS = 3  # the settings file is missing or wrong
UNAVAILABLE = 4  # a port, the database or the disk cannot be had; trying later may help
UNSOUND = 5  # `check` found something that is not in order
INTERRUPTED = 130  # Ctrl-C outside of serving

MEANINGS = (
    "Exit codes: 0 done, 1 refused, 2 wrong command line, 3 settings missing or wrong, 4 port, database or disk "
    "unavailable, 5 check found damage."
)
