/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Skep: the BPF platform in a library.  This header is all of it. */
#ifndef SKEP_SKEP_H
#define SKEP_SKEP_H

#include <skep/base.h>
#include <skep/btf.h>
#include <skep/contract.h>
#include <skep/env.h>
#include <skep/host.h>
#include <skep/inspect.h>
#include <skep/isa.h>
#include <skep/map.h>
#include <skep/object.h>
#include <skep/packet.h>
#include <skep/program.h>
#include <skep/slot.h>
#include <skep/thread.h>
#include <skep/verify.h>

#endif
