/* Reads capture files into memory, filters them, writes new ones. */
#include "capture.h"
#include "out.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define CAPTURE_SNAP 262144

static void *capture_room(void *block, size_t *room, size_t used, size_t size, size_t more)
{
    if (used + more <= *room)
        return block;
    *room = *room ? *room * 2 : 1024;
    if (*room < used + more)
        *room = used + more;
    return need(realloc(block, *room * size));
}

void capture_add(struct capture *capture, const uint8_t *bytes, uint32_t size, struct timeval time)
{
    capture->frames =
        capture_room(capture->frames, &capture->room, capture->n, sizeof *capture->frames, 1);
    capture->bytes =
        capture_room(capture->bytes, &capture->room_bytes, capture->n_bytes, 1, (size_t)size + 1);
    if (size)
        memcpy(capture->bytes + capture->n_bytes, bytes, size);
    capture->frames[capture->n++] = (struct frame){ capture->n_bytes, size, time, size };
    capture->n_bytes += size;
}

static int capture_filter(pcap_t *pcap, const char *expression)
{
    struct bpf_program program;
    if (pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN))
        return say_usage("--filter %s: %s", expression, pcap_geterr(pcap));
    int failed = pcap_setfilter(pcap, &program);
    pcap_freecode(&program);
    return failed ? say_usage("--filter %s: %s", expression, pcap_geterr(pcap)) : STATUS_OK;
}

static int capture_packets(pcap_t *pcap, const char *path, struct capture *out)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int more;
    while ((more = pcap_next_ex(pcap, &header, &bytes)) == 1) {
        capture_add(out, bytes, header->caplen, header->ts);
        out->frames[out->n - 1].wire = header->len;
    }
    if (more == PCAP_ERROR)
        return say_usage("%s: %s", path, pcap_geterr(pcap));
    return STATUS_OK;
}

int capture_read(const char *path, const char *filter, struct capture *out)
{
    char why[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline(path, why);
    if (!pcap)
        return strstr(why, path) ? say_usage("%s", why) : say_usage("%s: %s", path, why);
    *out = (struct capture){ .link_type = pcap_datalink(pcap), .snap_length = pcap_snapshot(pcap) };
    int status = filter ? capture_filter(pcap, filter) : STATUS_OK;
    if (!status)
        status = capture_packets(pcap, path, out);
    pcap_close(pcap);
    return status;
}

void capture_free(struct capture *capture)
{
    free(capture->bytes);
    free(capture->frames);
}

int capture_create(const char *path, const struct capture *like, struct capture_writer *out)
{
    int snap = like->snap_length > CAPTURE_SNAP ? like->snap_length : CAPTURE_SNAP;
    out->pcap = need(pcap_open_dead(like->link_type, snap));
    out->file = pcap_dump_open(out->pcap, path);
    if (out->file)
        return STATUS_OK;
    int status = say_usage("%s", pcap_geterr(out->pcap));
    pcap_close(out->pcap);
    return status;
}

void capture_write(struct capture_writer *writer, const uint8_t *bytes, uint32_t size,
                   struct timeval time)
{
    const struct pcap_pkthdr header = { .ts = time, .caplen = size, .len = size };
    pcap_dump((u_char *)writer->file, &header, bytes);
}

int capture_close(struct capture_writer *writer, const char *path)
{
    int failed = pcap_dump_flush(writer->file);
    pcap_dump_close(writer->file);
    pcap_close(writer->pcap);
    return failed ? say_usage("%s: %s", path, strerror(errno)) : STATUS_OK;
}
