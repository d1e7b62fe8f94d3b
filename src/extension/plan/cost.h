// What reading costs on a running KalamDB: the one place that the planner, and scans that decide while they run, take
// it from. The figures are measured ones, those of src/stub/rpc/pace-0.4.json. Only their ratios matter: other machines
// are faster or slower as a whole.
#pragma once

// What decides the cost of a table's reading: how many rows it has, and how many of them are in files (cold), where a
// lookup reads through them. The others are in memory (hot).
struct KalamTableSize {
  double rows;
  double cold_rows;
};

// Milliseconds of a scan of the whole table, until its last row is there.
double kalam_scan_ms(const KalamTableSize* size);

// Milliseconds of the lookups of so many keys, up to 64 of them in flight at a time.
double kalam_lookups_ms(const KalamTableSize* size, double keys);

// Whether lookups of so many keys take no longer than a scan.
bool kalam_lookups_beat_scan(const KalamTableSize* size, double keys);

// The planner's units: cost of so many milliseconds.
double kalam_cost_of_ms(double ms);
