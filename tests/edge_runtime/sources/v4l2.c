/* A camera for programs that are started with this library in LD_PRELOAD: every file whose name begins with "video" is
 * one, as V4L2 shows it to its user. It stands in for the kernel's driver; what reads from it is real.
 *
 * CAMERA_FRAMES: so many frames at 20 a second, red and blue in turn, then nothing. CAMERA_KIND: "busy" refuses its
 * buffers, "metadata" gives no pictures. The buffers are the file itself, so that mmap needs no help; without the file
 * the camera is unplugged.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 64, HEIGHT = 48, SIZE = WIDTH * HEIGHT * 2, BUFFERS = 4, APART = 65536 };  /* whole pages */
static int queued[BUFFERS], streaming, given;
static double begun;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static const char *setting(const char *name) { return getenv(name) ? getenv(name) : ""; }

static int is_camera(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    return name && !strncmp(name, "/video", 6);
}

static int unplugged(int fd) {
    struct stat status;
    return fstat(fd, &status) || !status.st_nlink;
}

static int ready(void) { return streaming && given < atoi(setting("CAMERA_FRAMES")) && now() >= begun + given / 20.0; }

static int refuse(int reason) {
    errno = reason;
    return -1;
}

static int give(int fd, struct v4l2_buffer *buffer) {
    if (unplugged(fd)) return refuse(ENODEV);
    if (!ready()) return refuse(EAGAIN);
    unsigned char frame[SIZE], red[4] = {81, 90, 81, 240}, blue[4] = {41, 240, 41, 110};  /* YUYV */
    for (int at = 0; at < SIZE; at += 4) memcpy(frame + at, given % 2 ? blue : red, 4);
    for (int index = 0; index < BUFFERS; index++) {
        if (!queued[index]) continue;
        queued[index] = 0;
        given++;
        buffer->index = index;
        buffer->length = buffer->bytesused = SIZE;
        return pwrite(fd, frame, SIZE, index * APART) == SIZE ? 0 : -1;
    }
    return refuse(EAGAIN);
}

static int answer(int fd, unsigned long request, void *argument) {
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *can = argument;
        memset(can, 0, sizeof *can);
        strcpy((char *)can->card, "Test camera");
        int metadata = !strcmp(setting("CAMERA_KIND"), "metadata");
        can->device_caps = V4L2_CAP_STREAMING | (metadata ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE);
        can->capabilities = can->device_caps | V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE;
        return 0;
    }
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT: {
        struct v4l2_pix_format *pixels = &((struct v4l2_format *)argument)->fmt.pix;
        pixels->pixelformat = V4L2_PIX_FMT_YUYV;
        pixels->width = WIDTH, pixels->height = HEIGHT, pixels->bytesperline = WIDTH * 2, pixels->sizeimage = SIZE;
        return 0;
    }
    case VIDIOC_REQBUFS:
        if (!strcmp(setting("CAMERA_KIND"), "busy")) return refuse(EBUSY);
        ((struct v4l2_requestbuffers *)argument)->count = BUFFERS;
        return ftruncate(fd, BUFFERS * APART);
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *buffer = argument;
        buffer->length = SIZE, buffer->m.offset = buffer->index * APART;
        return 0;
    }
    case VIDIOC_QBUF: {
        unsigned index = ((struct v4l2_buffer *)argument)->index;
        if (index >= BUFFERS || queued[index]) return refuse(EINVAL);
        return queued[index] = 1, 0;
    }
    case VIDIOC_DQBUF: return give(fd, argument);
    case VIDIOC_STREAMON: return streaming = 1, begun = now(), 0;
    case VIDIOC_STREAMOFF: return streaming = 0;
    default: return refuse(EINVAL);
    }
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (is_camera(fd)) return answer(fd, request, argument);
    int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
    return real(fd, request, argument);
}

int select(int count, fd_set *reading, fd_set *writing, fd_set *failing, struct timeval *limit) {
    int camera = count - 1;
    if (!reading || !limit || !FD_ISSET(camera, reading) || !is_camera(camera)) {
        int (*real)(int, fd_set *, fd_set *, fd_set *, struct timeval *) = dlsym(RTLD_NEXT, "select");
        return real(count, reading, writing, failing, limit);
    }
    for (double end = now() + limit->tv_sec + limit->tv_usec / 1e6; now() < end; usleep(2000))
        if (ready() || unplugged(camera)) return 1;
    return 0;
}
