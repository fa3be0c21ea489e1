/* The loop around skep_run: each thread takes its share of the cases, round after round; ring
 * buffers are emptied on the way. */
#include "runner.h"
#include "maps.h"

#include <stdlib.h>
#include <string.h>

struct worker {
    const struct run_plan *plan;
    struct outcome *outcomes;
    pthread_mutex_t *drain; /* one consumer of ring buffers at a time */
    struct progress *progress;
    skep_map **ringbufs;
    size_t n_ringbufs;
    skep_thread *thread;
    struct slot slot;
    size_t from, to; /* its cases */
    struct tally tally;
};

/* ---- counting ------------------------------------------------------------------------------ */

static void count_result(struct tally *tally, uint64_t r0, uint64_t runs)
{
    for (size_t i = 0; i < tally->n_results; i++)
        if (tally->results[i].r0 == r0) {
            tally->results[i].runs += runs;
            return;
        }
    if (tally->n_results == RUNNER_KINDS)
        tally->other_results += runs;
    else
        tally->results[tally->n_results++] = (struct result_count){ r0, runs };
}

static bool stop_is_same(const struct stop_count *a, const struct stop_count *b)
{
    return a->status == b->status && a->fault.error.id == b->fault.error.id &&
           a->fault.insn == b->fault.insn && a->fault.function == b->fault.function;
}

static void count_stop(struct tally *tally, const struct stop_count *stop)
{
    for (size_t i = 0; i < tally->n_stops; i++)
        if (stop_is_same(&tally->stops[i], stop)) {
            tally->stops[i].runs += stop->runs;
            return;
        }
    if (tally->n_stops == RUNNER_KINDS)
        tally->other_stops += stop->runs;
    else
        tally->stops[tally->n_stops++] = *stop;
}

static void tally_add(struct tally *sum, const struct tally *part)
{
    for (size_t i = 0; i < part->n_results; i++)
        count_result(sum, part->results[i].r0, part->results[i].runs);
    for (size_t i = 0; i < part->n_stops; i++)
        count_stop(sum, &part->stops[i]);
    sum->other_results += part->other_results;
    sum->other_stops += part->other_stops;
    sum->runs += part->runs;
}

/* ---- ring buffers -------------------------------------------------------------------------- */

struct drained {
    struct host *host;
    const char *map;
};

static int drain_record(void *user, const void *data, size_t size)
{
    const struct drained *drained = user;
    host_event(drained->host, drained->map, data, size);
    return 0;
}

static void worker_drain(struct worker *worker)
{
    if (!worker->n_ringbufs || pthread_mutex_trylock(worker->drain))
        return;
    for (size_t i = 0; i < worker->n_ringbufs; i++) {
        struct drained drained = { worker->plan->host, skep_map_spec(worker->ringbufs[i])->name };
        skep_ringbuf_drain(worker->ringbufs[i], drain_record, &drained);
    }
    pthread_mutex_unlock(worker->drain);
}

static size_t ringbufs_find(const skep_program *program, skep_map ***out)
{
    size_t n = 0;
    skep_map *map;
    *out = NULL;
    for (size_t i = 0; (map = skep_program_map_at(program, i)); i++)
        if (map_is_ringbuf(map)) {
            *out = need(realloc(*out, (n + 1) * sizeof **out));
            (*out)[n++] = map;
        }
    return n;
}

/* ---- a thread's work ----------------------------------------------------------------------- */

static void keep_outcome(struct worker *worker, size_t i, skep_status status, uint64_t r0)
{
    struct outcome *outcome = &worker->outcomes[i];
    *outcome = (struct outcome){ .status = status,
                                 .r0 = r0,
                                 .fuel = skep_thread_fuel_used(worker->thread) };
    if (worker->slot.packet)
        outcome->redirect = skep_packet_redirect(worker->slot.packet);
    const uint8_t *bytes = slot_bytes(&worker->slot, &outcome->size);
    if (worker->plan->keep_bytes && bytes) {
        outcome->bytes = need(malloc(outcome->size + 1));
        memcpy(outcome->bytes, bytes, outcome->size);
    }
}

static void note_stop(struct worker *worker, size_t i, skep_status status)
{
    const struct skep_fault *fault = skep_thread_fault(worker->thread);
    struct stop_count stop = { .status = status, .runs = 1, .first = i };
    if (fault && status == SKEP_TRAP)
        stop.fault = *fault;
    count_stop(&worker->tally, &stop);
}

static void worker_case(struct worker *worker, size_t i, bool first_round)
{
    uint64_t r0 = 0;
    void *ctx = slot_prepare(&worker->slot, i);
    skep_status status = skep_run(worker->thread, worker->plan->program, ctx, &r0);
    if (status)
        note_stop(worker, i, status);
    else
        count_result(&worker->tally, r0, 1);
    worker->tally.runs++;
    if (first_round)
        keep_outcome(worker, i, status, r0);
}

#define RUNNER_CHUNK 64u /* runs between two looks at ring buffers and clock */

static void *worker_main(void *user)
{
    struct worker *worker = user;
    const struct run_plan *plan = worker->plan;
    for (uint64_t round = 0; round < plan->rounds; round++) {
        for (size_t i = worker->from; i < worker->to; i++) {
            worker_case(worker, i, round == 0);
            if (worker->tally.runs % RUNNER_CHUNK == 0) {
                worker_drain(worker);
                if (worker->progress)
                    progress_step(worker->progress, worker->tally.runs * plan->n_threads,
                                  plan->input->cases.n * plan->rounds);
            }
        }
    }
    return NULL;
}

static int worker_open(struct worker *worker, uint32_t number)
{
    const struct run_plan *plan = worker->plan;
    size_t n = plan->input->cases.n;
    const struct skep_thread_options options = { .size = sizeof options,
                                                 .cpu = number + 1,
                                                 .random_seed =
                                                     plan->host->reproducible ? HOST_SEED : 0 };
    worker->from = n * number / plan->n_threads;
    worker->to = n * (number + 1) / plan->n_threads;
    skep_status status = skep_thread_new(plan->host->env, &options, &worker->thread);
    if (status)
        return say_error("thread", status, NULL);
    return slot_open(&worker->slot, plan->host->env, plan->input);
}

static void worker_close(struct worker *worker)
{
    skep_thread_free(worker->thread);
    slot_close(&worker->slot);
}

/* ---- timers */

#define RUNNER_TIMER_CALLS                                                                         \
    10000u /* timers that start one another without end must stop somewhere */

/* From one due time to the next, so that callbacks meet the time that they were set to. */
static void worker_fire(struct worker *worker, struct timer_report *report)
{
    struct host *host = worker->plan->host;
    uint64_t now = host_now(host), left = worker->plan->timers_ns;
    for (uint32_t i = 0; i < RUNNER_TIMER_CALLS; i++) {
        uint64_t next = UINT64_MAX;
        skep_status status = skep_thread_run_timers(worker->thread, now, &next);
        if (status)
            note_stop(worker, RUNNER_TIMER, status);
        now = host_now(host);
        uint64_t wait = next > now ? next - now : 0;
        report->next_ns = next == UINT64_MAX ? next : wait;
        if (next == UINT64_MAX || wait > left)
            break;
        left -= wait;
        now += wait;
        host_pass(host, wait);
    }
    report->fired = skep_thread_timers_run(worker->thread);
}

/* ---- all together -------------------------------------------------------------------------- */

static int workers_run(struct worker *workers, uint32_t n)
{
    pthread_t *threads = need(calloc(n, sizeof *threads));
    uint32_t started = 1; /* the first worker is this thread */
    int status = STATUS_OK;
    while (!status && started < n) {
        if (pthread_create(&threads[started], NULL, worker_main, &workers[started]))
            status = say_usage("cannot start %u threads", n);
        else
            started++;
    }
    if (!status)
        worker_main(&workers[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return status;
}

static int workers_open(struct worker *workers, const struct worker *like, uint32_t n)
{
    int status = STATUS_OK;
    for (uint32_t i = 0; !status && i < n; i++) {
        workers[i] = *like;
        if (i > 0)
            workers[i].progress = NULL;
        status = worker_open(&workers[i], i);
    }
    return status;
}

int runner_run(const struct run_plan *plan, struct run_report *report)
{
    pthread_mutex_t drain = PTHREAD_MUTEX_INITIALIZER;
    struct progress progress = progress_start("runs");
    *report = (struct run_report){ .outcomes = need(
                                       calloc(plan->input->cases.n, sizeof *report->outcomes)) };
    struct worker like = {
        .plan = plan, .outcomes = report->outcomes, .drain = &drain, .progress = &progress
    };
    like.n_ringbufs = ringbufs_find(plan->program, &like.ringbufs);
    struct worker *workers = need(calloc(plan->n_threads, sizeof *workers));
    int status = workers_open(workers, &like, plan->n_threads);
    uint64_t start = now_ns();
    if (!status)
        status = workers_run(workers, plan->n_threads);
    report->ns = now_ns() - start;
    progress_end(&progress);
    if (!status)
        worker_fire(&workers[0], &report->timers);
    worker_drain(&like);
    for (uint32_t i = 0; i < plan->n_threads; i++) {
        tally_add(&report->tally, &workers[i].tally);
        worker_close(&workers[i]);
    }
    free(workers);
    free(like.ringbufs);
    return status;
}

void runner_drop(const struct run_plan *plan, struct run_report *report)
{
    for (size_t i = 0; report->outcomes && i < plan->input->cases.n; i++)
        free(report->outcomes[i].bytes);
    free(report->outcomes);
}
