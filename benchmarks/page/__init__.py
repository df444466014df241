"""The page as people meet it: how soon it is there, whether it stays quick, how it looks.

    python -m benchmarks.page speed [--rounds 5] [--out FILE]   first paint, clicks meanwhile, stops
    python -m benchmarks.page shots [FOLDER]                    pictures of it, docs/screenshots

Both serve `app.py` over an index of the sample documents, with the real model, in chromium.

    served.py   the page in a process of its own, and a browser
    speed.py    what is measured
    shots.py    what is pictured
"""
