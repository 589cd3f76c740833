/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing to the console. */
#include "kernel.h"

static void
kernel_print_decimal(uint32_t value)
{
	if (value >= 10) {
		kernel_print_decimal(value / 10);
	}
	machine_putc((char)('0' + value % 10));
}

void
kernel_print(const char *format, ...)
{
	__builtin_va_list arguments;
	const char *text;
	uint64_t value;
	int shift;

	__builtin_va_start(arguments, format);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			machine_putc(*format);
		} else if (*++format == 's') {
			text = __builtin_va_arg(arguments, const char *);
			while (*text != '\0') {
				machine_putc(*text++);
			}
		} else if (*format == 'u') {
			kernel_print_decimal(__builtin_va_arg(arguments,
			    uint32_t));
		} else {
			value = __builtin_va_arg(arguments, uint64_t);
			for (shift = 60; shift >= 0; shift -= 4) {
				machine_putc("0123456789abcdef"[value >> shift &
				    15]);
			}
		}
	}
	__builtin_va_end(arguments);
}
