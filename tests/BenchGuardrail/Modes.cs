using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.BenchGuardrail;

/// <summary>What may be declared about failure, one by one and all at once, and what each costs beside nothing of it.</summary>
internal static class Modes
{
    /// <summary>Nothing is declared.</summary>
    public const string None = "nothing";

    /// <summary>All of it at once.</summary>
    public const string All = "all of these";

    /// <summary>The figure of a mode: CPU for each call, µs.</summary>
    public const string Cpu = "cpu_us_per_call";

    private const int Connections = 32;

    private const string ToolCall =
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lookup_order","arguments":{"order":"4711"}}}""";

    /// <summary>What is declared for model calls.</summary>
    public static IReadOnlyList<(string Name, Action<GuardrailConfig> Change)> OfModels { get; } =
        With([
            ("`retryBudgetPercent`", config => (config.Reliability ??= new()).RetryBudgetPercent = 20),
            ("`circuitBreaker`", config => (config.Reliability ??= new()).CircuitBreaker = new CircuitPolicy()),
            ("`maxConcurrentCalls`", config => (config.Reliability ??= new()).MaxConcurrentCalls = 64),
            ("`sideEffects`", Effects),
            ("`tools.schemaCheck: Enforce`", Schemas),
            ("`screening: Block`", Screening),
            ("`context: Refuse`", config => config.Context = new ContextPolicy { OnOverflow = ContextPolicy.Refuse }),
        ]);

    /// <summary>What is declared for calls of tools.</summary>
    public static IReadOnlyList<(string Name, Action<GuardrailConfig> Change)> OfTools { get; } =
        With([
            ("`retryBudgetPercent`", config => (config.Reliability ??= new()).RetryBudgetPercent = 20),
            ("`circuitBreaker`", config => (config.Reliability ??= new()).CircuitBreaker = new CircuitPolicy()),
            ("`maxConcurrentCalls`", config => (config.Reliability ??= new()).MaxConcurrentCalls = 64),
            ("`sideEffects` of another tool", Effects),
            ("`tools.onToolError: Mark`", config => config.ToolFailures = new ToolFailurePolicy { Action = ToolFailurePolicy.Mark }),
            ("`tools.schemaCheck: Enforce`", Schemas),
            ("`screening: Block`", Screening),
        ]);

    /// <summary>Measures all of them in each round, in turn.</summary>
    public static async Task MeasureAsync(
        Stage stage,
        Figures figures,
        int rounds,
        int seconds,
        Action<string> say,
        CancellationToken cancellationToken
    )
    {
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var (column, path, body, modes) in Sets)
            {
                foreach (var (name, change) in modes.Skip(round % modes.Count).Concat(modes.Take(round % modes.Count)))
                {
                    var child = await stage.DeclareAsync(change, cancellationToken);
                    var target = new Target("guardrail", GuardrailPorts.Egress, path, child, []) { Content = body, Varies = true };
                    // Unmeasured: connections, caches, the first grants.
                    await stage.Wrk.RunAsync(target, Connections, 1, cancellationToken);
                    var loop = await stage.Wrk.RunAsync(target, Connections, seconds, cancellationToken);
                    figures.Add(column, Key(name), loop.CpuPerCall);
                    say(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"round {round}, {column}, {name}: {loop.CpuPerCall:0.0} µs CPU per call"
                        )
                    );
                }
            }
        }
    }

    /// <summary>The table.</summary>
    public static string Markdown(Figures figures)
    {
        var text = new StringBuilder("\n| declared | CPU per model call, µs | more | CPU per call of an MCP tool, µs | more |\n");
        text.Append("| --- | --- | --- | --- | --- |\n");
        foreach (var name in OfModels.Concat(OfTools).Select(mode => mode.Name).Distinct().OrderBy(name => name is All))
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {Cells(figures, "model", name)} | {Cells(figures, "tool", name)} |\n");
        return text.ToString();
    }

    private static IReadOnlyList<(string Column, string Path, string Body, IReadOnlyList<(string, Action<GuardrailConfig>)> Modes)> Sets =>
        [("model", Stage.ModelPath, Target.Body, OfModels), ("tool", Stage.ToolPath, ToolCall, OfTools)];

    private static string Key(string mode) => $"{Cpu}.{mode}";

    private static string Cells(Figures figures, string column, string mode)
    {
        if (figures.Median(column, Key(mode)) is not { } cpu)
            return "– | –";
        var more = cpu - figures.Median(column, Key(None));
        return string.Create(CultureInfo.InvariantCulture, $"{cpu:0.0} | {(mode == None ? "" : $"{more:+0.0;-0.0;0.0}")}");
    }

    private static IReadOnlyList<(string, Action<GuardrailConfig>)> With(
        IReadOnlyList<(string Name, Action<GuardrailConfig> Change)> modes
    ) => [(None, _ => { }), .. modes, (All, config => modes.ToList().ForEach(mode => mode.Change(config)))];

    private static void Effects(GuardrailConfig config) => config.SideEffects = new SideEffectPolicy { Tools = ["send_email"] };

    private static void Schemas(GuardrailConfig config) => config.ToolSchemas = new ToolSchemaPolicy { Check = ToolSchemaPolicy.Enforce };

    private static void Screening(GuardrailConfig config) => config.Screening = new ScreeningPolicy { Mode = ScreeningPolicy.Block };
}
