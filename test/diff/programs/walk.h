/* What walk.bpf.c is asked and what it says. */
#ifndef SKEP_TEST_DIFF_WALK_H
#define SKEP_TEST_DIFF_WALK_H

struct walk_ask {
    unsigned long long stop_after; /* elements; 0: never */
    unsigned long long add;        /* to every value */
    unsigned long long flags;
    unsigned long long turns;
    unsigned long long delete_third; /* those whose key is a multiple of 3 */

    long long result;
    unsigned long long n, keys, values, deleted; /* in whatever order */
    unsigned long long ordered;
};

#endif
