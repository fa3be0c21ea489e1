/* Verdicts, packets, stops, events and printed lines of a run. */
#include "report.h"
#include "maps.h"
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ---------------------------------------------------------------------------------- */

static const char *const fate_names[] = { [FATE_PASSES] = "passes",
                                          [FATE_DROPPED] = "dropped",
                                          [FATE_SENT_BACK] = "sent back",
                                          [FATE_REDIRECTED] = "redirected" };

const char *stop_name(skep_status status)
{
    return status == SKEP_TRAP        ? "fault"
           : status == SKEP_FUEL      ? "out of fuel"
           : status == SKEP_CANCELLED ? "cancelled"
                                      : skep_status_name(status);
}

static const char *region_name(enum skep_region region)
{
    static const char *const names[] = {
        [SKEP_REGION_NONE] = "none",           [SKEP_REGION_STACK] = "stack",
        [SKEP_REGION_CTX] = "context",         [SKEP_REGION_PACKET] = "packet",
        [SKEP_REGION_MAP_VALUE] = "map value", [SKEP_REGION_MAP] = "map",
        [SKEP_REGION_RECORD] = "record",       [SKEP_REGION_MEMORY] = "memory",
        [SKEP_REGION_CODE] = "code",
    };
    return (size_t)region < sizeof names / sizeof *names ? names[region] : "unknown";
}

static json_t *results_json(const struct run_plan *plan, const struct tally *tally)
{
    json_t *list = need(json_array());
    char number[24];
    for (size_t i = 0; i < tally->n_results; i++) {
        json_t *row = need(json_object());
        const struct result_count *count = &tally->results[i];
        set(row, "verdict", json_text(verdict_name(plan->input->hook, count->r0, number)));
        set(row, "r0", json_u64(count->r0));
        set(row, "runs", json_integer((json_int_t)count->runs));
        append(list, row);
    }
    return list;
}

static void set_fault(json_t *row, const struct skep_fault *fault)
{
    set(row, "report", json_error(&fault->error));
    set(row, "function", json_text(fault->function));
    set(row, "insn", json_integer(fault->insn));
    set(row, "file", json_text(fault->file));
    set(row, "line", json_integer(fault->line));
    set(row, "column", json_integer(fault->column));
    set(row, "source", json_text(fault->source));
    set(row, "address", json_u64(fault->address));
    set(row, "bytes", json_integer(fault->bytes));
    set(row, "region", json_text(region_name(fault->region)));
    set(row, "region_offset", json_integer(fault->region_offset));
    set(row, "region_bytes", json_integer((json_int_t)fault->region_bytes));
}

static json_t *stops_json(const struct tally *tally)
{
    json_t *list = need(json_array());
    for (size_t i = 0; i < tally->n_stops; i++) {
        const struct stop_count *stop = &tally->stops[i];
        json_t *row = need(json_object());
        set(row, "stop", json_text(stop_name(stop->status)));
        set(row, "runs", json_integer((json_int_t)stop->runs));
        if (stop->first != RUNNER_TIMER)
            set(row, "first_case", json_integer((json_int_t)stop->first + 1));
        if (stop->status == SKEP_TRAP)
            set_fault(row, &stop->fault);
        append(list, row);
    }
    return list;
}

static json_t *redirect_json(const struct skep_redirect *redirect)
{
    json_t *row = need(json_object());
    if (redirect->map) {
        set(row, "map", json_text(skep_map_spec(redirect->map)->name));
        set(row, "key", json_u64(redirect->key));
    } else {
        set(row, "ifindex", json_integer(redirect->ifindex));
    }
    set(row, "flags", json_u64(redirect->flags));
    return row;
}

static void set_packet_fate(json_t *row, const struct run_plan *plan, const struct outcome *outcome)
{
    char number[24];
    size_t kept = outcome->size;
    enum fate fate = verdict_fate(plan->input->hook, outcome->r0, &kept);
    set(row, "verdict", json_text(verdict_name(plan->input->hook, outcome->r0, number)));
    set(row, "r0", json_u64(outcome->r0));
    set(row, "fate", json_text(fate_names[fate]));
    if (fate == FATE_REDIRECTED)
        set(row, "redirect", redirect_json(&outcome->redirect));
}

static json_t *packet_json(const struct run_plan *plan, const struct outcome *outcome, size_t i)
{
    json_t *row = need(json_object());
    set(row, "packet", json_integer((json_int_t)i + 1));
    set(row, "size", json_integer(plan->input->cases.frames[i].size));
    set(row, "size_after", json_integer((json_int_t)outcome->size));
    if (outcome->status)
        set(row, "stop", json_text(stop_name(outcome->status)));
    else
        set_packet_fate(row, plan, outcome);
    return row;
}

static json_t *packets_json(const struct run_plan *plan, const struct run_report *report)
{
    json_t *list = need(json_array());
    for (size_t i = 0; i < plan->input->cases.n; i++)
        append(list, packet_json(plan, &report->outcomes[i], i));
    return list;
}

/* The first `most` elements of what the programs said. */
static json_t *head_json(const json_t *list, size_t most)
{
    json_t *head = need(json_array());
    size_t i;
    json_t *element;
    json_array_foreach((json_t *)list, i, element)
    {
        if (i == most)
            break;
        append(head, json_incref(element));
    }
    return head;
}

/* The bytes that a single run left, when it changed them. */
static void set_data_after(json_t *result, const struct run_plan *plan,
                           const struct outcome *outcome)
{
    const struct frame *frame = &plan->input->cases.frames[0];
    if (!outcome->bytes ||
        (outcome->size == frame->size &&
         !memcmp(outcome->bytes, capture_bytes(&plan->input->cases, 0), outcome->size)))
        return;
    set(result, "data_after", json_hex(outcome->bytes, outcome->size));
}

static json_t *timers_json(const struct timer_report *timers)
{
    json_t *row = need(json_object());
    set(row, "fired", json_integer((json_int_t)timers->fired));
    set(row, "next_ns",
        timers->next_ns == UINT64_MAX ? json_null() : json_integer((json_int_t)timers->next_ns));
    return row;
}

void report_add(json_t *result, const struct run_plan *plan, const struct run_report *report,
                bool all)
{
    const struct host *host = plan->host;
    size_t n = plan->input->cases.n;
    bool packets = plan->input->hook->flags & SKEP_HOOK_PACKET;
    size_t few = all ? SIZE_MAX : REPORT_FEW;
    set(result, "cases", json_integer((json_int_t)n));
    set(result, "runs", json_integer((json_int_t)report->tally.runs));
    set(result, "threads", json_integer(plan->n_threads));
    set(result, "us", json_real((double)report->ns / 1e3));
    set(result, "verdicts", results_json(plan, &report->tally));
    set(result, "other_verdicts", json_integer((json_int_t)report->tally.other_results));
    set(result, "stops", stops_json(&report->tally));
    set(result, "other_stops", json_integer((json_int_t)report->tally.other_stops));
    set(result, "timers", timers_json(&report->timers));
    if (n == 1)
        set_data_after(result, plan, &report->outcomes[0]);
    if (packets && n <= few)
        set(result, "packets", packets_json(plan, report));
    set(result, "printed", head_json(host->printed, few));
    set(result, "n_printed", json_integer((json_int_t)host->n_printed));
    set(result, "events", head_json(host->events, few));
    set(result, "n_events", json_integer((json_int_t)host->n_events));
}

/* ---- text ---------------------------------------------------------------------------------- */

static void print_title(const json_t *result)
{
    double us = json_real_value(json_object_get(result, "us"));
    json_int_t runs = get_int(result, "runs");
    printf("%s%s%s: %s (%s), engine %s\n", colour(BOLD), get_text(result, "object"), colour(PLAIN),
           get_text(result, "program"), get_text(result, "type"), get_text(result, "engine"));
    printf("%lld runs in %.3g ms", runs, us / 1e3);
    if (us > 0 && runs > 1)
        printf(": %.3g M/s, %.0f ns each", (double)runs / us, us * 1e3 / (double)runs);
    putchar('\n');
}

static enum colour verdict_colour(const char *verdict)
{
    return strstr(verdict, "DROP") || strstr(verdict, "SHOT") || strstr(verdict, "ABORT") ? RED
                                                                                          : GREEN;
}

static void print_verdicts(const json_t *result)
{
    const json_t *list = json_object_get(result, "verdicts");
    size_t i;
    const json_t *row;
    if (json_array_size(list) == 1 && get_int(result, "runs") == 1) {
        const char *r0 = get_text(json_array_get(list, 0), "r0");
        printf("r0 = %s (%lld)\n", r0, (long long)strtoull(r0, NULL, 16));
        return;
    }
    json_array_foreach(list, i, row)
    {
        const char *verdict = get_text(row, "verdict");
        printf("  %s%-16s%s %10lld\n", colour(verdict_colour(verdict)), verdict, colour(PLAIN),
               get_int(row, "runs"));
    }
    if (get_int(result, "other_verdicts"))
        printf("  %-16s %10lld\n", "other results", get_int(result, "other_verdicts"));
}

static void cell_redirect(struct table *table, const json_t *row)
{
    const json_t *redirect = json_object_get(row, "redirect");
    if (!redirect)
        table_cell(table, get_text(row, "fate"));
    else if (*get_text(redirect, "map"))
        table_cell_f(table, "redirected to %s[%s]", get_text(redirect, "map"),
                     get_text(redirect, "key"));
    else
        table_cell_f(table, "redirected to interface %lld", get_int(redirect, "ifindex"));
}

static void print_packets(const json_t *result)
{
    static const char *const headers[] = { ">packet", ">size", ">after", "verdict", "" };
    const json_t *list = json_object_get(result, "packets");
    size_t i;
    const json_t *row;
    if (json_array_size(list) == 0)
        return;
    struct table *table = table_new(5, headers);
    json_array_foreach(list, i, row)
    {
        const char *stop = get_text(row, "stop");
        table_cell_f(table, "%lld", get_int(row, "packet"));
        table_cell_f(table, "%lld", get_int(row, "size"));
        table_cell_f(table, "%lld", get_int(row, "size_after"));
        table_cell(table, *stop ? stop : get_text(row, "verdict"));
        cell_redirect(table, row);
    }
    table_print(table, "  ");
}

static void print_fault_place(const json_t *stop)
{
    if (*get_text(stop, "file"))
        printf("    at %s:%lld in %s, instruction %lld\n", get_text(stop, "file"),
               get_int(stop, "line"), get_text(stop, "function"), get_int(stop, "insn"));
    else
        printf("    at instruction %lld in %s\n", get_int(stop, "insn"),
               get_text(stop, "function"));
    const char *source = get_text(stop, "source");
    source += strspn(source, " \t");
    if (*source)
        printf("    %s%s%s\n", colour(DIM), source, colour(PLAIN));
    if (get_int(stop, "bytes"))
        printf("    %lld bytes at %s: %s of %lld bytes, offset %lld\n", get_int(stop, "bytes"),
               get_text(stop, "address"), get_text(stop, "region"), get_int(stop, "region_bytes"),
               get_int(stop, "region_offset"));
}

static void print_stops(const json_t *result)
{
    size_t i;
    const json_t *stop;
    json_array_foreach(json_object_get(result, "stops"), i, stop)
    {
        const json_t *report = json_object_get(stop, "report");
        printf("%s%s%s in %lld ", colour(RED), get_text(stop, "stop"), colour(PLAIN),
               get_int(stop, "runs"));
        if (json_object_get(stop, "first_case"))
            printf("runs (first in case %lld)", get_int(stop, "first_case"));
        else
            printf("callbacks of timers");
        printf("%s%s\n", report ? ": " : "", report ? get_text(report, "text") : "");
        if (report)
            print_fault_place(stop);
    }
    if (get_int(result, "other_stops"))
        printf("%lld more runs stopped in other ways\n", get_int(result, "other_stops"));
}

static void print_timers(const json_t *result)
{
    const json_t *timers = json_object_get(result, "timers");
    const json_t *next = json_object_get(timers, "next_ns");
    if (get_int(timers, "fired"))
        printf("timers: %lld callbacks after the runs\n", get_int(timers, "fired"));
    if (json_is_integer(next))
        printf("timers: the next one is due in %.6g ms (--timers NS lets time pass)\n",
               (double)json_integer_value(next) / 1e6);
}

static void print_more(json_int_t n, size_t shown)
{
    if (n > (json_int_t)shown)
        printf("  … and %lld more\n", n - (json_int_t)shown);
}

static void print_printed(const json_t *result)
{
    const json_t *list = json_object_get(result, "printed");
    size_t i;
    const json_t *line;
    if (json_array_size(list))
        printf("%sprinted%s\n", colour(BOLD), colour(PLAIN));
    json_array_foreach(list, i, line) printf("  %s\n", json_string_value(line));
    print_more(get_int(result, "n_printed"), json_array_size(list));
}

static void print_events(const json_t *result)
{
    const json_t *list = json_object_get(result, "events");
    size_t i;
    const json_t *event;
    if (json_array_size(list))
        printf("%sevents%s\n", colour(BOLD), colour(PLAIN));
    json_array_foreach(list, i, event)
        printf("  %s (%zu bytes) %s\n", get_text(event, "map"), strlen(get_text(event, "data")) / 2,
               get_text(event, "data"));
    print_more(get_int(result, "n_events"), json_array_size(list));
}

void report_print(const json_t *result, bool all)
{
    print_title(result);
    print_verdicts(result);
    print_packets(result);
    if (*get_text(result, "data_after") && !json_object_get(result, "packets"))
        printf("memory afterwards: %s\n", get_text(result, "data_after"));
    print_stops(result);
    print_timers(result);
    print_printed(result);
    print_events(result);
    maps_print(json_object_get(result, "maps"), all);
}
