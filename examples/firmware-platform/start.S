# SPDX-License-Identifier: Apache-2.0
# From the reset vector to main() in protected mode, flat and 32 bits wide; and the way into on_nmi() and back.
    .section .start, "ax"
    .code16
first: # at F000:0000
    cli
    lgdtl %cs:(gdt_pointer - first)
    lidtl %cs:(idt_pointer - first)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $8, $protected
    .code32
protected:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $0x8000, %esp
    call main

nmi:
    pushal
    call on_nmi
    popal
    iretl

    .balign 8
gdt:
    .quad 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF # none, code, data
idt:
    .quad 0, 0
    .word nmi - first, 8, 0x8E00, 0xF # vector 2, an interrupt gate; there is no other
gdt_pointer:
    .word idt - gdt - 1
    .long gdt
idt_pointer:
    .word gdt_pointer - idt - 1
    .long idt

    .section .reset, "ax"
    .code16
    ljmp $0xF000, $0
