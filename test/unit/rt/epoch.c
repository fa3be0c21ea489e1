/* Epochs: nothing is freed while a run that may hold it is under way, and all is freed later. */
#include "rt/epoch.h"

#include "support/unit.h"

#include <pthread.h>
#include <time.h>

struct thing {
    struct epoch_node node;
    u32 *freed;
};
static void thing_free(void *object) { ++*((struct thing *)object)->freed; }

TEST(with_nobody_running_things_go_at_once)
{
    struct mem mem;
    struct epoch *epoch = NULL;
    struct epoch_slot slot;
    u32 freed = 0;
    struct thing a = { .freed = &freed };
    mem_init(&mem, NULL, 0);
    assert_int_equal(epoch_new(&mem, &epoch), SKEP_OK);
    epoch_defer(epoch, &a.node, thing_free, &a);
    assert_int_equal(freed, 1);
    epoch_register(epoch, &slot);
    epoch_defer(epoch, &a.node, thing_free, &a);
    assert_int_equal(freed, 2);
    epoch_unregister(epoch, &slot);
    epoch_delete(epoch);
    assert_int_equal(mem.used, 0);
}

TEST(a_run_keeps_what_was_there_when_it_began)
{
    struct mem mem;
    struct epoch *epoch = NULL;
    struct epoch_slot early, late;
    u32 freed_a = 0, freed_b = 0;
    struct thing a = { .freed = &freed_a }, b = { .freed = &freed_b };
    mem_init(&mem, NULL, 0);
    assert_int_equal(epoch_new(&mem, &epoch), SKEP_OK);
    epoch_register(epoch, &early);
    epoch_register(epoch, &late);
    epoch_enter(epoch, &early);
    epoch_defer(epoch, &a.node, thing_free, &a);
    epoch_enter(epoch, &late);
    epoch_defer(epoch, &b.node, thing_free, &b);
    assert_int_equal(freed_a + freed_b, 0);
    epoch_leave(&early);
    epoch_collect(epoch);
    assert_int_equal(freed_a, 1);
    assert_int_equal(freed_b, 0);
    epoch_leave(&late);
    epoch_collect(epoch);
    assert_int_equal(freed_b, 1);
    epoch_unregister(epoch, &late);
    epoch_unregister(epoch, &early);
    epoch_delete(epoch);
    assert_int_equal(mem.used, 0);
}

TEST(deletion_frees_what_is_left)
{
    struct mem mem;
    struct epoch *epoch = NULL;
    struct epoch_slot slot;
    u32 freed = 0;
    struct thing a = { .freed = &freed };
    mem_init(&mem, NULL, 0);
    assert_int_equal(epoch_new(&mem, &epoch), SKEP_OK);
    epoch_register(epoch, &slot);
    epoch_enter(epoch, &slot);
    epoch_defer(epoch, &a.node, thing_free, &a);
    assert_int_equal(freed, 0);
    epoch_leave(&slot);
    epoch_unregister(epoch, &slot);
    epoch_delete(epoch);
    assert_int_equal(freed, 1);
}

static void count_put(void *object) { ++*(u32 *)object; }

TEST(references_are_given_back_one_by_one_when_their_runs_have_left)
{
    struct mem mem;
    struct epoch *epoch = NULL;
    struct epoch_slot early, late;
    struct epoch_returns returns = { 0 };
    u32 put = 0;
    mem_init(&mem, NULL, 0);
    assert_int_equal(epoch_new(&mem, &epoch), SKEP_OK);
    epoch_register(epoch, &early);
    epoch_register(epoch, &late);
    epoch_enter(epoch, &early);
    epoch_return(epoch, &returns, count_put, &put);
    epoch_return(epoch, &returns, count_put, &put);
    epoch_enter(epoch, &late); /* sees what is returned from here on */
    epoch_return(epoch, &returns, count_put, &put);
    assert_int_equal(put, 0);
    epoch_leave(&early);
    epoch_collect(epoch);
    assert_int_equal(put, 1);
    epoch_leave(&late);
    epoch_collect(epoch);
    assert_int_equal(put, 3);
    epoch_return(epoch, &returns, count_put, &put);
    assert_int_equal(put, 4);
    epoch_unregister(epoch, &late);
    epoch_unregister(epoch, &early);
    epoch_delete(epoch);
    assert_int_equal(mem.used, 0);
}

/* A cell that a writer replaces while readers use what they found in it. */
enum { READERS = 3, REPLACEMENTS = 3000 };

struct cell {
    struct epoch_node node;
    _Atomic u32 alive;
};
struct shared {
    struct epoch *epoch;
    _Atomic(struct cell *) current;
    _Atomic bool stop;
    _Atomic u32 reads, dead;
};

static void cell_free(void *object)
{
    struct cell *cell = object;
    atomic_store(&cell->alive, 0);
}

static void *read_cells(void *arg)
{
    struct shared *s = arg;
    struct epoch_slot slot;
    epoch_register(s->epoch, &slot);
    while (!atomic_load(&s->stop)) {
        epoch_enter(s->epoch, &slot);
        struct cell *cell = atomic_load_explicit(&s->current, memory_order_acquire);
        for (int i = 0; i < 20; i++)
            if (!atomic_load_explicit(&cell->alive, memory_order_relaxed))
                atomic_fetch_add(&s->dead, 1);
        epoch_leave(&slot);
        atomic_fetch_add_explicit(&s->reads, 1, memory_order_relaxed);
    }
    epoch_unregister(s->epoch, &slot);
    return NULL;
}

TEST(readers_never_meet_what_was_freed)
{
    static struct cell cells[REPLACEMENTS + 1];
    struct mem mem;
    struct shared s = { .dead = 0 };
    pthread_t threads[READERS];
    mem_init(&mem, NULL, 0);
    assert_int_equal(epoch_new(&mem, &s.epoch), SKEP_OK);
    atomic_store(&cells[0].alive, 1);
    atomic_store(&s.current, &cells[0]);
    for (u32 i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_cells, &s), 0);
    while (!atomic_load(&s.reads))
        nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
    for (u32 i = 1; i <= REPLACEMENTS; i++) {
        atomic_store(&cells[i].alive, 1);
        struct cell *old = atomic_exchange(&s.current, &cells[i]);
        epoch_defer(s.epoch, &old->node, cell_free, old);
    }
    epoch_synchronize(s.epoch);
    assert_int_equal(atomic_load(&cells[REPLACEMENTS - 1].alive), 0);
    atomic_store(&s.stop, true);
    for (u32 i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    epoch_delete(s.epoch);
    assert_int_equal(s.dead, 0);
    for (u32 i = 0; i < REPLACEMENTS; i++)
        assert_int_equal(atomic_load(&cells[i].alive), 0);
}

UNIT_TESTS(UNIT(with_nobody_running_things_go_at_once),
           UNIT(a_run_keeps_what_was_there_when_it_began), UNIT(deletion_frees_what_is_left),
           UNIT(references_are_given_back_one_by_one_when_their_runs_have_left),
           UNIT(readers_never_meet_what_was_freed))
