"""What addresses of sources and sinks look like, for people; `sources.open` and `sinks.open` know what they mean."""

SOURCES = (
    "a camera: 0 or /dev/video0, csi://0, rtsp://USER:PASSWORD@HOST/PATH, http(s)://HOST/PATH (MJPEG or pictures)",
    "watch:DIR[?existing=1]",
    "replay:PATH[?fps=N&loop=N]",
    "a picture, video, directory or glob",
    "- (standard input)",
)
SINKS = (
    "jsonl:- (standard output)",
    "jsonl:FILE[?size=10M&keep=3]",
    "sqlite:FILE[?keep=100000]",
    "mqtt://USER:PASSWORD@HOST/PREFIX[?outbox=FILE], mqtts:// with TLS [?ca=FILE]",
    "webhook+https://HOST/PATH[#token=FILE&outbox=FILE]",
    "pictures:DIR[?keep=1000&labels=A,B]",
    "video:FILE.mp4[?fps=10]",
    "captures:DIR (for retraining)",
)
