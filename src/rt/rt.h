/* The door of rt/: what running programs share, whatever the engine.
 *   thread   a host thread's handle: CPU slot, stack, fuel, ledger, stop, fault
 *   map      the map instance's common part
 *   program  a runnable's common part; tail calls
 *   run      one run from beginning to end
 *   fault    where and why a run was stopped
 *   native   what compiled code calls besides helpers
 *   packet   packet buffers
 *   dynptr   memory whose size is known at run time only
 *   promise  calls of helpers, held to their contracts
 *   timer    timers in map values
 *   epoch    when what a running program may hold can be freed */
#ifndef SKEP_SRC_RT_RT_H
#define SKEP_SRC_RT_RT_H

#include "contract/contract.h"
#include "rt/dynptr.h"
#include "rt/epoch.h"
#include "rt/fault.h"
#include "rt/map.h"
#include "rt/native.h"
#include "rt/packet.h"
#include "rt/program.h"
#include "rt/promise.h"
#include "rt/run.h"
#include "rt/thread.h"
#include "rt/timer.h"

#endif
