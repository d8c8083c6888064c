using System.Collections.Frozen;
using System.Text.Json;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>
/// A checked configuration, its texts read, and the prices in force: what a call takes once and keeps to its end. Immutable.
/// </summary>
internal sealed class GuardrailSettings
{
    private readonly NamePatterns allowed;
    private readonly NamePatterns tools;
    private readonly NamePatterns? sideEffects;
    private readonly FrozenDictionary<string, FallbackSettings>? fallbacks;

    private GuardrailSettings(GuardrailConfig config, PriceCatalog prices, TimeProvider time, GuardrailSettings? previous)
    {
        Config = config;
        Prices = prices;
        ModelCall = new CallTimes(config.ModelCall, "modelCall");
        ToolCall = new CallTimes(config.ToolCall, "toolCall");
        Reliability = new ReliabilitySettings(config.Reliability);
        ToolFailures = config.ToolFailures is { } failures ? new ToolFailureSettings(failures) : null;
        ToolSchemas = config.ToolSchemas is { } schemas ? new ToolSchemaSettings(schemas) : null;
        Screening = config.Screening is { } screening ? new ScreeningSettings(screening) : null;
        Context = config.Context is { } context ? new ContextSettings(context) : null;
        Chaos = ChaosSettings.Read(config);
        Limits = new RunPolicy(config.Limits, config.Observe);
        Tags = new TagNames(config.Attribution);
        ClientTags = new TagNames(config.ClientAttribution);
        DrainTimeout = Duration(config.DrainTimeout, "drainTimeout");
        MaxWait = config.Budget is null ? TimeSpan.Zero : Duration(config.Budget.MaxWait, "budget.maxWait");
        FailoverWait = config.Budget is null ? TimeSpan.Zero : Duration(config.Budget.FailoverWait, "budget.failoverWait");
        if (config.MaxOutputTokens < 1)
            throw new FormatException("maxOutputTokens must be at least 1");
        Upstreams = ReadUpstreams(config, time, previous);
        if (config.Budget is { } budget && !(Uri.TryCreate(budget.Url, UriKind.Absolute, out var authority) && authority.Scheme == "https"))
            throw new FormatException("budget.url is not an absolute https URL");
        if (
            config.OtlpEndpoint is { } otlp
            && !(Uri.TryCreate(otlp, UriKind.Absolute, out var collector) && collector.Scheme is "http" or "https")
        )
            throw new FormatException("otlpEndpoint is not an absolute http or https URL");
        fallbacks = FallbackSettings.Read(config, Upstreams);
        allowed = new NamePatterns(config.AllowedModels);
        tools = new NamePatterns(config.AllowedTools);
        if (config.SideEffects is { } effects)
        {
            // No pattern would mean every tool.
            if (effects.Tools.Count == 0)
                throw new FormatException("sideEffects.tools is empty");
            sideEffects = new NamePatterns(effects.Tools);
            SideEffectWindow = Duration(effects.Window, "sideEffects.window");
        }
    }

    /// <summary>The file's content.</summary>
    public GuardrailConfig Config { get; }

    /// <summary>The price catalog.</summary>
    public PriceCatalog Prices { get; private set; }

    /// <summary>Times of model calls.</summary>
    public CallTimes ModelCall { get; }

    /// <summary>Times of tool calls.</summary>
    public CallTimes ToolCall { get; }

    /// <summary>Retry budget, circuit breaker and concurrency.</summary>
    public ReliabilitySettings Reliability { get; }

    /// <summary>What is done where a tool fails; null: nothing is declared.</summary>
    public ToolFailureSettings? ToolFailures { get; }

    /// <summary>How calls of tools are held against their schemas; null: not at all.</summary>
    public ToolSchemaSettings? ToolSchemas { get; }

    /// <summary>What is done where a text gives the model orders; null: nothing is declared.</summary>
    public ScreeningSettings? Screening { get; }

    /// <summary>What is done with a model request that does not fit the context window; null: nothing is declared.</summary>
    public ContextSettings? Context { get; }

    /// <summary>The faults that runs of evaluations are to meet; null: none, as in every pod that serves.</summary>
    public ChaosSettings? Chaos { get; }

    /// <summary>Limits of one call and one run.</summary>
    public RunPolicy Limits { get; }

    /// <summary>What spend is told apart by.</summary>
    public TagNames Tags { get; }

    /// <summary>Those of <see cref="Tags"/> that a client of the agent may name.</summary>
    public TagNames ClientTags { get; }

    /// <summary>The longest wait for runs in flight.</summary>
    public TimeSpan DrainTimeout { get; }

    /// <summary>How long a call waits for money.</summary>
    public TimeSpan MaxWait { get; }

    /// <summary>How long after the operator stopped answering calls still wait for it.</summary>
    public TimeSpan FailoverWait { get; }

    /// <summary>How long a call with side effects is known.</summary>
    public TimeSpan SideEffectWindow { get; }

    /// <summary>The upstreams by name.</summary>
    public FrozenDictionary<string, Upstream> Upstreams { get; }

    /// <summary>An upstream has a fallback.</summary>
    public bool HasFallbacks => fallbacks is not null;

    /// <summary>The fallback of an upstream; null where it has none.</summary>
    public FallbackSettings? FallbackOf(string upstream) => fallbacks?.GetValueOrDefault(upstream);

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The file.</param>
    /// <param name="prices">The price catalog.</param>
    /// <param name="time">The clock.</param>
    /// <param name="previous">The settings that were in force: an upstream that is declared as it was stays, with its connections.</param>
    /// <exception cref="FormatException">It cannot be used; the message says why and quotes no secret, since there is none in
    /// it.</exception>
    public static GuardrailSettings Parse(
        ReadOnlySpan<byte> json,
        PriceCatalog prices,
        TimeProvider time,
        GuardrailSettings? previous = null
    )
    {
        try
        {
            var config =
                JsonSerializer.Deserialize(json, ContractsJson.Default.GuardrailConfig) ?? throw new FormatException("the file holds null");
            return new GuardrailSettings(config, prices, time, previous);
        }
        catch (JsonException exception)
        {
            throw new FormatException(exception.Message, exception);
        }
    }

    /// <summary>The same with other prices, on the same connections.</summary>
    public GuardrailSettings With(PriceCatalog prices)
    {
        var copy = (GuardrailSettings)MemberwiseClone();
        copy.Prices = prices;
        return copy;
    }

    /// <summary>Whether the agent may name this model.</summary>
    public bool Allows(string model) => allowed.Allow(model);

    /// <summary>Whether the agent may call this tool.</summary>
    public bool AllowsTool(string tool) => tools.Allow(tool);

    /// <summary>Whether calls of this tool are declared to have side effects.</summary>
    public bool HasSideEffects(string tool) => sideEffects?.Allow(tool) == true;

    /// <summary>Reads a duration of the configuration.</summary>
    internal static TimeSpan Duration(string text, string field) =>
        GoDuration.TryParse(text, out var duration) ? duration : throw new FormatException($"{field}: \"{text}\" is not a duration");

    private static FrozenDictionary<string, Upstream> ReadUpstreams(GuardrailConfig config, TimeProvider time, GuardrailSettings? previous)
    {
        var upstreams = new Dictionary<string, Upstream>(StringComparer.Ordinal);
        foreach (var declared in config.Upstreams)
        {
            var kept = previous?.Upstreams.GetValueOrDefault(declared.Name);
            var upstream = kept?.Serves(declared) == true ? kept : new Upstream(declared, time);
            if (!upstreams.TryAdd(declared.Name, upstream))
                throw new FormatException($"upstream {declared.Name} is there twice");
        }
        return upstreams.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
