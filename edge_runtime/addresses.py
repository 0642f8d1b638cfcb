"""What addresses of sources and sinks look like, for people; `sources.open` and `sinks.open` know what they mean.

One line of a help each, of 78 columns at most; what is indented goes on with the line above.
"""

VIDEOS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv")

SOURCES = (
    "0, /dev/video0, csi://0, rtsp://USER:PASSWORD@HOST/PATH",
    "http(s)://HOST/PATH[#every=SECONDS&verify=no]   MJPEG, or one picture at a",
    "    time; what follows a ? is the camera's own",
    "watch:DIR[?existing=1]   pictures that appear; 1: also those that are there",
    "replay:PATH[?fps=N&loop=N]   pictures, fps of them a second, loop times over;",
    "    fps=0: as fast as they are judged (the default); loop=0: until stopped",
    "a picture, a video[?fps=N], a directory or glob",
    "-   standard input: MJPEG, PNG after PNG, or pictures each behind its length",
    "    in 4 bytes, big-endian",
)
# Those of results also take what=, some of predictions,events,sources,rejections.
SINKS = (
    "jsonl:-   standard output",
    "jsonl:FILE[?size=10M&keep=3]",
    "sqlite:FILE[?keep=100000]",
    "mqtt://USER:PASSWORD@HOST/PREFIX[?outbox=FILE]",
    "mqtts://…[?ca=FILE]   the same with TLS",
    "webhook+https://HOST/PATH[#token=FILE&outbox=FILE]",
    "pictures:DIR[?keep=1000&labels=A,B]",
    "video:FILE.mp4[?fps=10]",
    "captures:DIR[?margin=0.2&random=0.001&rate=6&disagreeing=1&second=VARIANT",
    "    &keep=1000&size=256M]",
)
