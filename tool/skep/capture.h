/* Capture files, through libpcap, whose own header stays out of this one: it and <linux/bpf.h>
 * both define struct bpf_insn. */
#ifndef SKEP_TOOL_CAPTURE_H
#define SKEP_TOOL_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

struct frame {
    size_t at; /* where its bytes begin in the capture's */
    uint32_t size;
    struct timeval time;
    uint32_t wire; /* how long it was before the capture cut it off */
};

struct capture {
    uint8_t *bytes;
    size_t n_bytes, room_bytes;
    struct frame *frames;
    size_t n, room;
    int link_type;
    int snap_length;
};

/* Reads all packets that match the filter (NULL: all).  path may be -. */
int capture_read(const char *path, const char *filter, struct capture *out);
void capture_free(struct capture *capture);
void capture_add(struct capture *capture, const uint8_t *bytes, uint32_t size, struct timeval time);
static inline const uint8_t *capture_bytes(const struct capture *capture, size_t i)
{
    return capture->bytes + capture->frames[i].at;
}

/* A file being written with the link type and times of a capture. */
struct capture_writer {
    struct pcap *pcap;
    struct pcap_dumper *file;
};
int capture_create(const char *path, const struct capture *like, struct capture_writer *out);
void capture_write(struct capture_writer *writer, const uint8_t *bytes, uint32_t size,
                   struct timeval time);
int capture_close(struct capture_writer *writer, const char *path);

#endif
