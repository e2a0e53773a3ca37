"""Who a process is, who made it, what it runs in and what package it came with."""
