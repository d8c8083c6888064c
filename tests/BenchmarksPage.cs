namespace AgentReadiness.Testing;

/// <summary>docs/benchmarks.md, to which each benchmark gives its own part.</summary>
internal static class BenchmarksPage
{
    private const string Head = """
        # Benchmarks

        `make bench`, `make bench-budgets` and `make bench-guardrail` each write a part of this page. Nothing here is a test: the machine
        has 2 cores, shared with other work, so compare rows with what stands beside them and not with another machine's.
        """;

    /// <summary>Writes one part and leaves the others as they are.</summary>
    public static async Task WriteAsync(string path, string maker, string text)
    {
        var page = File.Exists(path) ? await File.ReadAllTextAsync(path) : Head;
        await File.WriteAllTextAsync(path, new MarkedText(maker).ReplaceOrAppend(page, text), new UTF8Encoding(false));
    }
}
