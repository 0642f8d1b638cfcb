"""What a browser, a monitoring system and a program on the network are told, and may ask.

settings   where it listens, who may change something, what is bounded
asked      what the rest of the kit lends it: the model, the device's facts, captures
sink       the sink: remembers the last frames and events, starts and stops the server
server     uvicorn in a thread of its own, and connections that do not last for ever
guard      stands before every request: rate, host, number, time, headers, errors
door       who may look and who may change
app        which path is answered by what: inference, watching, labelling
v2         Open Inference Protocol, version 2, with v2_request
metrics    Prometheus
view       what the page is told
page/      the page itself: HTML, style, script; nothing comes from another host

Nothing here but `settings`, `asked`, `memory` and `sink` is imported before the server is started: starlette, uvicorn
and prometheus-client take 0.3 s and 20 MB that a run without a page does not pay.
"""
