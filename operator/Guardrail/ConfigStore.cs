using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentReadiness.Api;
using AgentReadiness.Api.Guardrail;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail;

/// <summary>
/// A checked configuration, its texts read, and the prices in force: what a call takes once and keeps to its end. Immutable.
/// </summary>
internal sealed class GuardrailSettings
{
    private readonly NamePatterns allowed;
    private readonly NamePatterns tools;

    private GuardrailSettings(GuardrailConfig config, PriceCatalog prices, TimeProvider time)
    {
        Config = config;
        Prices = prices;
        ModelCall = new CallTimes(config.ModelCall, "modelCall");
        ToolCall = new CallTimes(config.ToolCall, "toolCall");
        Limits = new RunPolicy(config.Limits, config.Observe);
        Tags = new TagNames(config.Attribution);
        DrainTimeout = Duration(config.DrainTimeout, "drainTimeout");
        MaxWait = config.Budget is null ? TimeSpan.Zero : Duration(config.Budget.MaxWait, "budget.maxWait");
        FailoverWait = config.Budget is null ? TimeSpan.Zero : Duration(config.Budget.FailoverWait, "budget.failoverWait");
        if (config.MaxOutputTokens < 1)
            throw new FormatException("maxOutputTokens must be at least 1");
        foreach (var upstream in config.Upstreams)
        {
            if (!Uri.TryCreate(upstream.Url.TrimEnd('/'), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                throw new FormatException($"upstream {upstream.Name}: the url is not an absolute http or https URL");
            var format =
                WireFormat.Of(upstream.Format)
                ?? throw new FormatException(
                    $"upstream {upstream.Name}: the format {upstream.Format} is not one of {string.Join(", ", WireFormat.Names)}"
                );
            if (upstream.Proxy is { } proxy && !Uri.TryCreate(proxy, UriKind.Absolute, out _))
                throw new FormatException($"upstream {upstream.Name}: the proxy is not a URL");
            if (
                !Upstreams.TryAdd(
                    upstream.Name,
                    new Upstream(upstream, url, format, upstream.KeyFile is null ? null : new ProviderKey(upstream.KeyFile, time))
                )
            )
                throw new FormatException($"upstream {upstream.Name} is there twice");
        }
        if (config.Budget is { } budget && !(Uri.TryCreate(budget.Url, UriKind.Absolute, out var authority) && authority.Scheme == "https"))
            throw new FormatException("budget.url is not an absolute https URL");
        if (
            config.OtlpEndpoint is { } otlp
            && !(Uri.TryCreate(otlp, UriKind.Absolute, out var collector) && collector.Scheme is "http" or "https")
        )
            throw new FormatException("otlpEndpoint is not an absolute http or https URL");
        allowed = new NamePatterns(config.AllowedModels);
        tools = new NamePatterns(config.AllowedTools);
    }

    /// <summary>The file's content.</summary>
    public GuardrailConfig Config { get; }

    /// <summary>The price catalog.</summary>
    public PriceCatalog Prices { get; private set; }

    /// <summary>Times of model calls.</summary>
    public CallTimes ModelCall { get; }

    /// <summary>Times of tool calls.</summary>
    public CallTimes ToolCall { get; }

    /// <summary>Limits of one call and one run.</summary>
    public RunPolicy Limits { get; }

    /// <summary>What spend is told apart by.</summary>
    public TagNames Tags { get; }

    /// <summary>The longest wait for runs in flight.</summary>
    public TimeSpan DrainTimeout { get; }

    /// <summary>How long a call waits for money.</summary>
    public TimeSpan MaxWait { get; }

    /// <summary>How long after the operator stopped answering calls still wait for it.</summary>
    public TimeSpan FailoverWait { get; }

    /// <summary>The upstreams by name.</summary>
    public Dictionary<string, Upstream> Upstreams { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="FormatException">It cannot be used; the message says why and quotes no secret, since there is none in
    /// it.</exception>
    public static GuardrailSettings Parse(ReadOnlySpan<byte> json, PriceCatalog prices, TimeProvider time)
    {
        try
        {
            var config =
                JsonSerializer.Deserialize(json, GuardrailJson.Default.GuardrailConfig) ?? throw new FormatException("the file holds null");
            return new GuardrailSettings(config, prices, time);
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Message, e);
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

    /// <summary>Reads a duration of the configuration.</summary>
    internal static TimeSpan Duration(string text, string field) =>
        GoDuration.TryParse(text, out var duration) ? duration : throw new FormatException($"{field}: \"{text}\" is not a duration");
}

/// <summary>A <see cref="CallPolicy"/>, read.</summary>
internal sealed class CallTimes
{
    private const int MostAttempts = 10;

    /// <exception cref="FormatException">A text is no duration, or the number of attempts is out of range.</exception>
    public CallTimes(CallPolicy policy, string field)
    {
        Timeout = GuardrailSettings.Duration(policy.Timeout, field + ".timeout");
        FirstByte = GuardrailSettings.Duration(policy.FirstByteTimeout ?? policy.Timeout, field + ".firstByteTimeout");
        Event = GuardrailSettings.Duration(policy.EventTimeout ?? policy.Timeout, field + ".eventTimeout");
        Attempts = policy.Attempts is >= 1 and <= MostAttempts
            ? policy.Attempts
            : throw new FormatException($"{field}.attempts must be 1 to {MostAttempts}");
    }

    /// <summary>The whole of one attempt.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>To the first byte of the answer.</summary>
    public TimeSpan FirstByte { get; }

    /// <summary>Between two pieces of a stream.</summary>
    public TimeSpan Event { get; }

    /// <summary>Attempts in all.</summary>
    public int Attempts { get; }
}

/// <summary>Names, exact or with "*" for any run of characters; none: every name.</summary>
internal sealed class NamePatterns(IReadOnlyList<string> patterns)
{
    private readonly Regex[] all =
    [
        .. patterns.Select(p => new Regex(
            "^" + Regex.Escape(p).Replace("\\*", ".*", StringComparison.Ordinal) + "$",
            RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking
        )),
    ];

    /// <summary>Whether a name is one of them.</summary>
    public bool Allow(string name) => all.Length == 0 || Array.Exists(all, p => p.IsMatch(name));
}

/// <summary>
/// The configuration and prices now in force. A new file that cannot be used is reported, and what the old one said stays.
/// </summary>
internal sealed class ConfigStore
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(10);

    private readonly string path;
    private readonly TimeProvider time;
    private readonly ILogger<ConfigStore> log;
    private readonly PriceFile prices;
    private byte[] content;
    private GuardrailSettings current;

    /// <summary>Loads the file, and the prices beside it.</summary>
    /// <param name="path">The configuration file.</param>
    /// <param name="shipped">The prices that hold where no file says otherwise.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    /// <exception cref="FormatException">The first configuration must be good. Prices need not: the shipped ones are always
    /// there.</exception>
    public ConfigStore(string path, PriceCatalog shipped, TimeProvider time, ILogger<ConfigStore> log)
    {
        this.path = path;
        this.time = time;
        this.log = log;
        prices = new PriceFile(Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileName(GuardrailPaths.Prices)), shipped, log);
        prices.Reload();
        content = File.ReadAllBytes(path);
        current = GuardrailSettings.Parse(content, prices.Catalog, time);
    }

    /// <summary>The settings in force.</summary>
    public GuardrailSettings Current => Volatile.Read(ref current);

    /// <summary>Raised after a new configuration came into force.</summary>
    public event Action? Changed;

    /// <summary>Looks at the files until cancelled.</summary>
    public async Task PollAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(PollInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
                Reload();
        }
        catch (OperationCanceledException)
        {
            // The program ends.
        }
    }

    /// <summary>Looks at the files once.</summary>
    public void Reload()
    {
        // Prices first: a configuration that allows a new model comes into force with its price.
        if (prices.Reload())
            Volatile.Write(ref current, Current.With(prices.Catalog));
        try
        {
            var next = File.ReadAllBytes(path);
            if (next.AsSpan().SequenceEqual(content))
                return;
            content = next;
            var settings = GuardrailSettings.Parse(next, prices.Catalog, time);
            var old = Current;
            Volatile.Write(ref current, settings);
            log.ConfigLoaded(settings.Config.Agent.Revision);
            if (!Ports(old).SequenceEqual(Ports(settings)))
                log.ConfigRejected("PortsNeedRestart", "the ports in the new configuration are used only after a restart");
            Changed?.Invoke();
        }
        catch (FormatException e)
        {
            log.ConfigRejected("InvalidConfig", e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.ConfigRejected("UnreadableConfig", e.Message);
        }
    }

    private static IEnumerable<(int, int)> Ports(GuardrailSettings settings) =>
        settings.Config.Inbound.Select(i => (i.ListenPort, i.TargetPort));
}
