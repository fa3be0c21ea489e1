# C for BPF: skep_bpf_object(OUT SOURCE [FLAGS...]) compiles SOURCE with clang to the object OUT.
# SKEP_BPF_CLANG is empty where there is no clang, SKEP_BPF_HEADERS where libbpf's headers are missing.
find_program(SKEP_BPF_CLANG NAMES clang-19 clang)
find_path(SKEP_BPF_HEADERS bpf/bpf_helpers.h)
# The kernel's headers want <asm/types.h>, which Debian keeps by architecture.
set(SKEP_BPF_FLAGS -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE})

function(skep_bpf_object out source)
  file(RELATIVE_PATH relative ${CMAKE_SOURCE_DIR} ${source})
  get_filename_component(dir ${out} DIRECTORY)
  file(MAKE_DIRECTORY ${dir})
  add_custom_command(OUTPUT ${out}
    COMMAND ${SKEP_BPF_CLANG} ${SKEP_BPF_FLAGS} ${ARGN} -MD -MF ${out}.d -MT ${out}
            -c ${source} -o ${out}
    DEPENDS ${source} DEPFILE ${out}.d COMMENT "clang compiles ${relative} for BPF" VERBATIM)
endfunction()
