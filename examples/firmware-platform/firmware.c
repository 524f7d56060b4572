// SPDX-License-Identifier: Apache-2.0
// Firmware for firmware_platform.cpp: says how the machine was reset, sets its watchdog up, and kicks it until the
// command port asks for something else.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
enum { console = 0xE9, command = 0xEA, pvpanic = 0x505, reset_control = 0xCF9, power_block = 0x600 }; // ports
#define BAR 0xE0000000U

// What outlasts a reset, as all RAM does here.
static volatile struct {
    u32 boots;
    u32 nmis;
    u32 late; // stores done after the write that should have ended them
}* const kept = (void*)0x1000;

static void outb(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static void outw(u16 port, u16 value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static void outl(u16 port, u32 value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }
static u8 inb(u16 port)
{
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static u16 inw(u16 port)
{
    u16 value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static u32 inl(u16 port)
{
    u32 value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void say(const char* text)
{
    while (*text != '\0') outb(console, (u8)*text++);
}
static _Noreturn void stop(const char* why)
{
    say(why);
    for (;;) __asm__ volatile("hlt");
}
static void say_number(u32 number)
{
    if (number >= 10) say_number(number / 10);
    outb(console, (u8)('0' + number % 10));
}

// PCI configuration mechanism 1.
static u16 select(u32 devfn, u32 offset)
{
    outl(0xCF8, 0x80000000 | devfn << 8 | (offset & 0xFC));
    return (u16)(0xCFC + (offset & 3));
}
static u32 find(u32 id)
{
    for (u32 devfn = 0; devfn < 256; ++devfn) {
        if (inl(select(devfn, 0)) == id) return devfn;
    }
    stop("no such PCI function\n");
}

// The PM1 block of the PIIX4: status, enable, control.
static u16 start_power_block(void)
{
    const u32 piix4 = find(0x71138086);
    outl(select(piix4, 0x40), power_block | 1); // PMBA
    outb(select(piix4, 0x80), 1);               // PMREGMISC: decode it
    const u16 status = inw(power_block);
    outw(power_block, status);     // clears it
    outw(power_block + 2, 1 << 8); // the power button counts
    return status;
}
static void sleep(u16 type) { outw(power_block + 4, (u16)(1 << 13 | type << 10)); }

// The 6300ESB's registers: preloads at 0 and 4, reload at 12, whose two keys let one write through.
static volatile u32* preload(int stage) { return (volatile u32*)(BAR + 4 * (stage - 1)); }
static volatile u16* const reload = (volatile u16*)(BAR + 12);
static void unlock(void)
{
    *reload = 0x80;
    *reload = 0x86;
}
static void kick(void)
{
    unlock();
    *reload = 0x100;
}
static int start_watchdog(void)
{
    const u32 esb = find(0x25AB8086);
    outl(select(esb, 0x10), BAR);
    outw(select(esb, 0x04), 2);                // memory decode
    const int barked = (*reload & 0x200) != 0; // the previous-reboot flag
    unlock();
    *reload = 0x200; // clears it
    for (int stage = 1; stage <= 2; ++stage) {
        unlock();
        *preload(stage) = 10; // milliseconds, nearly
    }
    outb(select(esb, 0x68), 2); // WDT Lock: enable
    return barked;
}

static void cpuid(u32 leaf, u32 out[4])
{
    __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(0));
}
static void wrmsr(u32 index, u32 high, u32 low) { __asm__ volatile("wrmsr" : : "c"(index), "d"(high), "a"(low)); }
// Tells the hypervisor, where CPUID says that it listens.
static void crash(void)
{
    u32 leaf[4];
    cpuid(1, leaf);
    if ((leaf[2] & 1U << 31) == 0) stop("no hypervisor\n");
    cpuid(0x40000003, leaf);
    if ((leaf[3] & 1U << 10) == 0) stop("no crash MSRs\n");
    for (u32 i = 0; i < 5; ++i) wrmsr(0x40000100 + i, 0xDEAD0000, i + 1); // P0 to P4
    wrmsr(0x40000105, 1U << 31, 0);                                       // CRASH_CTL: notify
}

void on_nmi(void)
{
    say("NMI ");
    say_number(++kept->nmis);
    say("\n");
}

static void tell_boot(u16 power_status, int barked)
{
    say("boot ");
    say_number(++kept->boots);
    say(kept->boots == 1                ? ": power-on"
        : (power_status & 1 << 15) != 0 ? ": woken from S3"
        : barked                        ? ": reset by the watchdog"
                                        : ": reset");
    say(", ");
    say_number(kept->late);
    say(" stores too late\n");
}

// Nothing of this happens where the write before it stops or resets the machine at once.
static void count_late_stores(void)
{
    for (;;) ++kept->late;
}

static void obey(u8 what)
{
    switch (what) {
    case 'h': // hang
        for (;;) __asm__ volatile("");
    case 'z': // sleep until an NMI comes, again and again
        for (;;) __asm__ volatile("hlt");
    case 'p': outb(pvpanic, 1); break;
    case 'c': crash(); break;
    case 's': sleep(1); break;
    case 'r': outb(reset_control, 6); break;
    case 't': __asm__ volatile("ud2"); break; // without a gate for the exception: a triple fault
    default: return;
    }
    count_late_stores();
}

void main(void)
{
    const u16 power_status = start_power_block();
    tell_boot(power_status, start_watchdog());
    for (int kicks = 1;;) {
        const u8 what = inb(command);
        if (what == 'k') kicks = 0; // forget the watchdog
        obey(what);
        if (kicks) kick();
        if ((inw(power_block) & 1 << 8) != 0) sleep(0); // the power button: off
    }
}
