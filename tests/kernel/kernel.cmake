# SPDX-License-Identifier: BSD-2-Clause
#
# The test kernel: part of a cross build with -DQPMAP_KERNEL=ON,
# -DQPMAP_DIRECT_MAP=0, -DQPMAP_SHOOTDOWN=1, -DQPMAP_TABLES=1,
# -DQPMAP_RANGE_PAGES=32, -DQPMAP_LARGE_SLOTS=2, -DQPMAP_SWITCH=1,
# -DQPMAP_SLOTS=8 and -DQPMAP_TRY=1.  Its machine is the example kernel's.

include(${PROJECT_SOURCE_DIR}/examples/kernel/machine.cmake)
add_executable(kernel tlbs.c habits.c held.c host.c large.c main.c own.c
    pages.c ranges.c remote.c sched.c stress.c string.c switch.c tests.c try.c
    ${PROJECT_SOURCE_DIR}/examples/kernel/print.c)
kernel_machine(kernel)
