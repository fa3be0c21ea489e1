/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the firewall of examples/ is given when it is measured. */
#ifndef SKEP_BENCH_FRAMES_H
#define SKEP_BENCH_FRAMES_H

#include "bench.h"

#include "../examples/firewall/firewall.h"

extern const struct bench_frame firewall_frames[];
extern const size_t n_firewall_frames;
bool fill_firewall(const struct bench_maps *maps);

#endif
