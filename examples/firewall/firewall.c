/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Embeds Skep: runs the firewall of firewall.bpf.c, as clang compiled it for Linux, over the
 * packets of a capture, and shows verdicts, maps, drop events and the speed.
 *
 *     firewall OBJECT CAPTURE RULES
 *
 * The capture is any file that libpcap reads, of Ethernet. */
#include "firewall.h"
#include "report.h"
#include "rules.h"

#include <skep/skep.h>

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PACKET_CAPACITY 65535u /* the largest that a packet may have */
#define SECONDS_A_MEASUREMENT 0.5

/* ---- the capture --------------------------------------------------------------------------- */

struct frame {
    size_t at, size; /* in bytes */
};
struct capture {
    uint8_t *bytes;
    struct frame *frames;
    size_t n_frames, n_bytes, bytes_room, frames_room;
};

static bool capture_add(struct capture *capture, const uint8_t *bytes, size_t size)
{
    if (capture->n_frames == capture->frames_room) {
        size_t room = capture->frames_room ? capture->frames_room * 2 : 1024;
        struct frame *frames = realloc(capture->frames, room * sizeof *frames);
        if (!frames)
            return false;
        capture->frames = frames;
        capture->frames_room = room;
    }
    if (capture->bytes_room - capture->n_bytes < size) {
        size_t room = capture->bytes_room * 2 + PACKET_CAPACITY;
        uint8_t *grown = realloc(capture->bytes, room);
        if (!grown)
            return false;
        capture->bytes = grown;
        capture->bytes_room = room;
    }
    memcpy(capture->bytes + capture->n_bytes, bytes, size);
    capture->frames[capture->n_frames++] = (struct frame){ capture->n_bytes, size };
    capture->n_bytes += size;
    return true;
}

static bool capture_read(const char *path, struct capture *capture)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *file = pcap_open_offline(path, error);
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, error);
        return false;
    }
    bool good = pcap_datalink(file) == DLT_EN10MB;
    if (!good)
        fprintf(stderr, "%s: not a capture of Ethernet\n", path);
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int got = 0;
    while (good && (got = pcap_next_ex(file, &header, &bytes)) == 1) {
        if (header->caplen <= PACKET_CAPACITY)
            good = capture_add(capture, bytes, header->caplen);
    }
    if (got == PCAP_ERROR)
        fprintf(stderr, "%s: %s\n", path, pcap_geterr(file));
    else if (good && !capture->n_frames)
        fprintf(stderr, "%s: no packets\n", path);
    pcap_close(file);
    return good && got != PCAP_ERROR && capture->n_frames;
}

static void capture_free(struct capture *capture)
{
    free(capture->bytes);
    free(capture->frames);
}

/* ---- the firewall -------------------------------------------------------------------------- */

struct firewall {
    skep_env *env;
    skep_object *object;
    skep_program *program;
    skep_thread *thread;
    skep_packet *packet;
};

static bool firewall_say(const char *what, skep_status status, const skep_error *error)
{
    char text[512];
    skep_error_text(error, text, sizeof text);
    fprintf(stderr, "%s: %s: %s\n", what, skep_status_name(status), text);
    return false;
}

/* Puts the rules where the program looks for them. */
static bool firewall_set_rules(skep_program *program, const struct rules *rules)
{
    skep_map *blocked4 = skep_program_map(program, "blocked4");
    skep_map *blocked6 = skep_program_map(program, "blocked6");
    skep_map *closed = skep_program_map(program, "closed");
    int error = blocked4 && blocked6 && closed ? 0 : -1;
    for (uint32_t i = 0; !error && i < rules->n_blocked4; i++)
        error = skep_map_update(blocked4, &rules->blocked4[i], &i, 0);
    for (uint32_t i = 0; !error && i < rules->n_blocked6; i++)
        error = skep_map_update(blocked6, &rules->blocked6[i], &i, 0);
    for (uint32_t i = 0; !error && i < rules->n_closed; i++)
        error = skep_map_update(closed, &rules->closed[i], &i, 0);
    if (error)
        fprintf(stderr, "the rules do not fit into the maps: %s\n", strerror(-error));
    return !error;
}

static skep_status firewall_start(struct firewall *fw, const char *path, const struct rules *rules,
                                  enum skep_engine engine, skep_error *error)
{
    /* Our own program: addresses that end up in maps are nobody's secret. */
    struct skep_load_options options = { .size = sizeof options,
                                         .engine = engine,
                                         .profile = SKEP_PROFILE_LINUX };
    skep_status status = skep_env_new(NULL, &fw->env, error);
    if (!status)
        status = skep_object_open_file(fw->env, path, &fw->object, error);
    if (!status)
        status = skep_object_set_variable(fw->object, "source_limit", &rules->source_limit,
                                          sizeof rules->source_limit, error);
    if (!status)
        status = skep_object_set_variable(fw->object, "drop_fragments", &rules->drop_fragments,
                                          sizeof rules->drop_fragments, error);
    if (!status)
        status = skep_program_load(fw->object, "firewall", &options, &fw->program, error);
    if (!status)
        status = skep_thread_new(fw->env, NULL, &fw->thread);
    if (!status)
        status = skep_packet_new(fw->env, PACKET_CAPACITY, &fw->packet);
    return status;
}

static bool firewall_open(struct firewall *fw, const char *path, const struct rules *rules,
                          enum skep_engine engine)
{
    skep_error error = { 0 };
    skep_status status = firewall_start(fw, path, rules, engine, &error);
    if (status)
        return firewall_say(path, status, &error);
    return firewall_set_rules(fw->program, rules);
}

static void firewall_close(struct firewall *fw)
{
    if (fw->packet)
        skep_packet_free(fw->packet);
    if (fw->thread)
        skep_thread_free(fw->thread);
    if (fw->program)
        skep_program_free(fw->program);
    if (fw->object)
        skep_object_close(fw->object);
    if (fw->env)
        skep_env_free(fw->env);
}

static bool firewall_judge(struct firewall *fw, const struct capture *capture, size_t i,
                           uint64_t *verdict)
{
    const struct frame *frame = &capture->frames[i];
    skep_status status = skep_packet_set(fw->packet, capture->bytes + frame->at, frame->size);
    if (!status)
        status = skep_run(fw->thread, fw->program, fw->packet, verdict);
    if (!status)
        return true;
    const struct skep_fault *fault = skep_thread_fault(fw->thread);
    fprintf(stderr, "packet %zu: ", i + 1);
    if (fault)
        fprintf(stderr, "%s:%u: ", fault->file, fault->line);
    return firewall_say("stopped", status, fault ? &fault->error : &(skep_error){ 0 });
}

/* ---- what is shown ------------------------------------------------------------------------- */

#define N_VERDICTS 5u /* of XDP */

static bool show_verdicts(struct firewall *fw, const struct capture *capture)
{
    uint64_t counts[N_VERDICTS] = { 0 };
    const char *const *names = skep_program_hook(fw->program)->verdicts;
    for (size_t i = 0; i < capture->n_frames; i++) {
        uint64_t verdict;
        if (!firewall_judge(fw, capture, i, &verdict) || verdict >= N_VERDICTS)
            return false;
        counts[verdict]++;
    }
    printf("verdicts\n");
    for (size_t i = 0; i < N_VERDICTS; i++) {
        if (counts[i])
            printf("  %-24s%8llu packets\n", names[i], (unsigned long long)counts[i]);
    }
    return true;
}

static void show_maps(const struct firewall *fw)
{
    report_reasons(skep_program_map(fw->program, "reasons"));
    report_ports(skep_program_map(fw->program, "ports"), 8);
    report_sources(skep_program_map(fw->program, "sources"), 8);
    report_events(skep_program_map(fw->program, "events"), 8);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int event_ignore(void *user, const void *data, size_t size)
{
    (void)user, (void)data, (void)size;
    return 0;
}

/* The capture again and again, events taken out between the rounds. */
static bool show_speed(const char *object, const struct rules *rules, const struct capture *capture,
                       enum skep_engine engine, const char *name)
{
    struct firewall fw = { 0 };
    bool good = firewall_open(&fw, object, rules, engine);
    uint64_t packets = 0, verdict;
    double begin = seconds_now(), seconds = 0;
    while (good && seconds < SECONDS_A_MEASUREMENT) {
        for (size_t i = 0; good && i < capture->n_frames; i++)
            good = firewall_judge(&fw, capture, i, &verdict);
        skep_ringbuf_drain(skep_program_map(fw.program, "events"), event_ignore, NULL);
        packets += capture->n_frames;
        seconds = seconds_now() - begin;
    }
    if (good)
        printf("  %-24s%8.2f million packets/s, %.0f ns a packet\n", name,
               (double)packets / seconds / 1e6, seconds * 1e9 / (double)packets);
    firewall_close(&fw);
    return good;
}

int main(int n, char **args)
{
    if (n != 4) {
        fprintf(stderr, "usage: %s OBJECT CAPTURE RULES\n", args[0]);
        return 2;
    }
    struct capture capture = { 0 };
    struct rules *rules = calloc(1, sizeof *rules);
    struct firewall fw = { 0 };
    bool good = rules && rules_read(args[3], rules) && capture_read(args[2], &capture) &&
                firewall_open(&fw, args[1], rules, SKEP_ENGINE_DEFAULT);
    if (good) {
        printf("%s: %zu packets, %zu bytes\n\n", args[2], capture.n_frames, capture.n_bytes);
        good = show_verdicts(&fw, &capture);
    }
    if (good) {
        show_maps(&fw);
        printf("\nspeed, one thread, the copy into the packet buffer included\n");
        rules->source_limit = 0; /* the same packets come again and again */
        good = (!*skep_jit_name() ||
                show_speed(args[1], rules, &capture, SKEP_ENGINE_JIT, "compiled")) &&
               show_speed(args[1], rules, &capture, SKEP_ENGINE_INTERP, "interpreter") &&
               show_speed(args[1], rules, &capture, SKEP_ENGINE_CHECKED, "checked interpreter");
    }
    firewall_close(&fw);
    capture_free(&capture);
    free(rules);
    return good ? 0 : 1;
}
