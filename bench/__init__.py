"""How fast the portal is, beside the fastest it could be: `make bench`, or `CASES=1000,100000 python -m bench`.

For each number of cases, `world` fills a fresh SQLite database, the same for the same number and day, in which the
people whose pages are measured see as many rows at any size. Each page of `pages` is then asked for through the WSGI
application, signed in, without a network, and its CPU time is put beside its limit, measured in the same run:

    limit = a Flask route that returns a plain string, called the same way
          + the page's own SQL statements with the same parameters, run on the raw connection and fetched
          + the page's own template with the same context, rendered alone
    ratio = page / limit                              3 or less is wanted, 1.5 is the aim
    growth = page with the most cases / with the fewest    1.3 or less is wanted

Every figure is the least and the median of some rounds of some calls, after warming up. The sizes, the page and the
three parts of its limit take turns within each round, so that a busy machine slows all of them alike. Ratio and growth
are made of the least figures; those of the medians stand beside them in `results.json`. The table is printed and kept
in `results.md`. One more figure, in wall time and for orientation only, says how many pages the real server serves on
loopback. How fast it was does not change the exit code; a page that does not answer 200 does."""
