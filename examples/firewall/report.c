/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Shows the firewall's maps. */
#include "report.h"
#include "firewall.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const reason_text[FIREWALL_REASON_COUNT] = {
#define R(NAME, text) [FIREWALL_##NAME] = text,
    FIREWALL_REASONS(R)
#undef R
};

/* One packet counter of a hash, with its key. */
struct counted {
    union {
        struct firewall_port port;
        struct firewall_address address;
    } key;
    struct firewall_counter counter;
};

static int counted_most_first(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;
    if (x->counter.packets != y->counter.packets)
        return x->counter.packets < y->counter.packets ? 1 : -1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

/* All entries of a hash, most packets first; the caller frees them. */
static struct counted *counted_read(skep_map *map, size_t *n)
{
    struct counted *all = calloc(skep_map_spec(map)->max_entries, sizeof *all);
    const void *key = NULL;
    *n = 0;
    while (all && *n < skep_map_spec(map)->max_entries &&
           skep_map_next_key(map, key, &all[*n].key) == 0) {
        struct counted *entry = &all[*n];
        if (skep_map_lookup(map, &entry->key, &entry->counter) == 0)
            ++*n;
        key = &entry->key;
    }
    if (all)
        qsort(all, *n, sizeof *all, counted_most_first);
    return all;
}

static void print_counter(const struct firewall_counter *counter)
{
    printf("%8llu packets %10llu bytes\n", (unsigned long long)counter->packets,
           (unsigned long long)counter->bytes);
}

static const char *address_text(const struct firewall_address *address, char out[INET6_ADDRSTRLEN])
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    if (memcmp(address->bytes, mapped, sizeof mapped) == 0)
        return inet_ntop(AF_INET, address->bytes + 12, out, INET6_ADDRSTRLEN);
    return inet_ntop(AF_INET6, address->bytes, out, INET6_ADDRSTRLEN);
}

static const char *protocol_text(unsigned protocol)
{
    switch (protocol) {
    case IPPROTO_TCP: return "tcp";
    case IPPROTO_UDP: return "udp";
    case IPPROTO_ICMP: return "icmp";
    case IPPROTO_ICMPV6: return "icmp6";
    default: return "other";
    }
}

void report_reasons(skep_map *reasons)
{
    uint32_t n_cpus = skep_map_n_cpus(reasons);
    struct firewall_counter *values = calloc(n_cpus, sizeof *values);
    printf("\nverdicts by reason (map reasons, PERCPU_ARRAY, summed over %u CPU slots)\n", n_cpus);
    for (uint32_t reason = 0; values && reason < FIREWALL_REASON_COUNT; reason++) {
        struct firewall_counter sum = { 0 };
        if (skep_map_lookup(reasons, &reason, values))
            continue;
        for (uint32_t cpu = 0; cpu < n_cpus; cpu++) {
            sum.packets += values[cpu].packets;
            sum.bytes += values[cpu].bytes;
        }
        printf("  %-24s", reason_text[reason]);
        print_counter(&sum);
    }
    free(values);
}

void report_ports(skep_map *ports, size_t at_most)
{
    size_t n;
    struct counted *all = counted_read(ports, &n);
    printf("\naccepted packets by destination port (map ports, HASH, %zu entries)\n", n);
    for (size_t i = 0; i < n && i < at_most; i++) {
        printf("  %-6s %-17u", protocol_text(all[i].key.port.protocol), all[i].key.port.number);
        print_counter(&all[i].counter);
    }
    free(all);
}

void report_sources(skep_map *sources, size_t at_most)
{
    size_t n;
    struct counted *all = counted_read(sources, &n);
    char text[INET6_ADDRSTRLEN];
    printf("\npackets by source (map sources, LRU_HASH, %zu entries)\n", n);
    for (size_t i = 0; i < n && i < at_most; i++) {
        printf("  %-24s", address_text(&all[i].key.address, text));
        print_counter(&all[i].counter);
    }
    free(all);
}

struct event_report {
    size_t shown, at_most;
};

static int event_print(void *user, const void *data, size_t size)
{
    struct event_report *report = user;
    struct firewall_event event;
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
    if (size != sizeof event || report->shown++ >= report->at_most)
        return 0;
    memcpy(&event, data, sizeof event);
    printf("  %-22s %-5s %s %u -> %s %u, %u bytes\n",
           event.reason < FIREWALL_REASON_COUNT ? reason_text[event.reason] : "?",
           protocol_text(event.protocol), address_text(&event.from, from), event.from_port,
           address_text(&event.to, to), event.to_port, event.bytes);
    return 0;
}

void report_events(skep_map *events, size_t at_most)
{
    struct event_report report = { .at_most = at_most };
    printf("\ndrop events (map events, RINGBUF), the first %zu\n", at_most);
    int64_t n = skep_ringbuf_drain(events, event_print, &report);
    printf("  in all %lld, lost %llu\n", (long long)n,
           (unsigned long long)skep_ringbuf_lost(events));
}
