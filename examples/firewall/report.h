/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the firewall's maps say, as text for people. */
#ifndef FIREWALL_REPORT_H
#define FIREWALL_REPORT_H

#include <skep/skep.h>

void report_reasons(skep_map *reasons);
void report_ports(skep_map *ports, size_t at_most);
void report_sources(skep_map *sources, size_t at_most);
/* Takes the events out of the ring buffer and shows the first ones. */
void report_events(skep_map *events, size_t at_most);

#endif
