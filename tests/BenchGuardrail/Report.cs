namespace AgentReadiness.BenchGuardrail;

/// <summary>The medians as JSON and as the guardrail's part of docs/benchmarks.md.</summary>
internal sealed class Report(Figures figures, int rounds, int seconds)
{
    public const string EventDelay = "stream.event_delay_p99_us";
    public const string ReadyTime = "guardrail.ready_ms";
    public const string HostileDelay = "hostile.delay_ms";

    private static readonly string[] Columns = ["direct", "nginx", "guardrail", "portkey"];

    private static readonly (string Key, string What, string Format)[] Rows =
    [
        ("c1.p50_us", "1 connection: p50, µs", "#,0"),
        ("c1.p99_us", "1 connection: p99, µs", "#,0"),
        ("c32.p50_us", "32 connections: p50, µs", "#,0"),
        ("c32.p99_us", "32 connections: p99, µs", "#,0"),
        ("c32.rps", "32 connections: calls per second", "#,0"),
        ("c32.cpu_us_per_call", "32 connections: CPU per call, µs", "0.0"),
        ("rate1000.p99_us", "1,000 calls per second: p99, µs", "#,0"),
        ("rss_mb_start", "resident after the first call, MB", "0.0"),
        ("rss_mb_end", "resident after 100,000 calls, MB", "0.0"),
    ];

    private readonly string date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public string Json()
    {
        var all = new JsonObject();
        foreach (var column in Columns)
            all[column] = new JsonObject(Rows.Select(row => KeyValuePair.Create(row.Key, Rounded(figures.Median(column, row.Key)))));
        foreach (var key in new[] { EventDelay, ReadyTime, HostileDelay })
            all[key] = Rounded(figures.Median(Figures.Run, key));
        all["rounds"] = rounds;
        all["machine"] = new JsonObject { ["cores"] = Environment.ProcessorCount, ["date"] = date };
        return all.ToJsonString(new() { WriteIndented = true }) + "\n";
    }

    public string Markdown()
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"""
            ## The guardrail

            Medians of {rounds} rounds, {seconds} s a measurement, {Environment.ProcessorCount} cores, {date}.

            | | direct | nginx | guardrail | Portkey |
            | --- | --- | --- | --- | --- |

            """
        );
        foreach (var (key, what, format) in Rows)
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {what} | {string.Join(" | ", Columns.Select(column => Number(figures.Median(column, key), format)))} |\n"
            );
        text.Append("\n| what | goal | measured | met |\n| --- | --- | --- | --- |\n");
        foreach (var (what, goal, measured, format, met) in Goals())
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {what} | {goal} | {Number(measured, format)} | {(measured is null ? "–" : met ? "yes" : "no")} |\n"
            );
        text.Append(Modes.Markdown(figures));
        text.Append(
            """

            How it is measured:

            - All calls are small: 0.2 KB there, a chat completion of 1 KB back. The upstream is an nginx that has this one answer; "direct"
              is this upstream, "nginx" a second nginx (one worker, kept-alive connections, no access log) before it. Load generator,
              target and upstream share the cores. One round takes each target in turn.
            - The guardrail is the published program (Native AOT). It obtains grants over TLS from a stand-in for the operator, so every
              call is reserved, priced and settled, and writes its log line for each call to a file.
            - 1 and 32 connections: `wrk`, a closed loop. 1,000 calls per second: calls leave at fixed times on 50 connections, and a
              latency counts from the time at which its call should have left. A target has no figure (–) where it answers fewer at 32
              connections, or falls a second behind.
            - CPU: user and system time of the target's processes from `/proc`, by the calls that were answered meanwhile. Memory: VmRSS
              of all of them.
            - Events: 64 streams with an event each 50 ms; an event carries the time at which it was sent. What is reported is the p99 with
              the guardrail less the p99 without. Hostile: 8 streams with an event each 5 ms, while bodies of up to 1 MB (deep
              nesting, many keys, many messages, no JSON at all) are posted one after the other; the largest delay then, less the largest
              without. Sender and reader share the cores too.
            - Ready: from the start of the process to the first green `/readyz`.
            - Declared: a guardrail of its own for each row, 32 connections, no two calls alike, each round all rows in turn. The tool is
              of an MCP server that answers with 0.5 KB, and nobody has listed its tools. "More" is beside "nothing"; rows
              differ by a few µs from round to round.

            """
        );
        return text.ToString();
    }

    private IEnumerable<(string What, string Goal, double? Measured, string Format, bool Met)> Goals()
    {
        double? Of(string column, string key) => figures.Median(column, key);
        (string, string, double?, string, bool) AtMost(string what, string goal, double? measured, string format, double most) =>
            (what, goal, measured, format, measured <= most);
        var throughput = Of("guardrail", "c32.rps") / Of("nginx", "c32.rps");
        yield return ("throughput at 32 connections, by nginx's", "≥ 0.75 ×", throughput, "0.00 ×", throughput >= 0.75);
        yield return AtMost(
            "CPU per call, by nginx's",
            "≤ 2 ×",
            Of("guardrail", "c32.cpu_us_per_call") / Of("nginx", "c32.cpu_us_per_call"),
            "0.0 ×",
            2
        );
        yield return AtMost(
            "added p99 at 1,000 calls per second",
            "≤ 0.3 ms",
            (Of("guardrail", "rate1000.p99_us") - Of("direct", "rate1000.p99_us")) / 1000,
            "0.00 ms",
            0.3
        );
        yield return AtMost("added delay of a streamed event, p99", "≤ 0.1 ms", Of(Figures.Run, EventDelay) / 1000, "0.00 ms", 0.1);
        yield return AtMost("resident after 100,000 calls", "≤ 60 MB", Of("guardrail", "rss_mb_end"), "0.0 MB", 60);
        yield return AtMost("largest added delay of an event beside hostile bodies", "≤ 5 ms", Of(Figures.Run, HostileDelay), "0.0 ms", 5);
        yield return AtMost("ready", "≤ 300 ms", Of(Figures.Run, ReadyTime), "0 ms", 300);
    }

    private static JsonNode? Rounded(double? value) => value is { } number ? JsonValue.Create(Math.Round(number, 2)) : null;

    private static string Number(double? value, string format) =>
        value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "–";
}
