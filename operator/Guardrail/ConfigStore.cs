using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentReadiness.Api;
using AgentReadiness.Api.Guardrail;

namespace AgentReadiness.Guardrail;

/// <summary>A checked configuration, its texts read.</summary>
internal sealed class GuardrailSettings
{
    private readonly List<Regex> allowed;

    private GuardrailSettings(GuardrailConfig config, TimeProvider time)
    {
        Config = config;
        ModelCallTimeout = Duration(config.ModelCallTimeout, "modelCallTimeout");
        DrainTimeout = Duration(config.DrainTimeout, "drainTimeout");
        MaxWait = config.Budget is null ? TimeSpan.Zero : Duration(config.Budget.MaxWait, "budget.maxWait");
        FailoverWait = config.Budget is null ? TimeSpan.Zero : Duration(config.Budget.FailoverWait, "budget.failoverWait");
        if (config.MaxOutputTokens < 1)
            throw new FormatException("maxOutputTokens must be at least 1");
        foreach (var upstream in config.Upstreams)
        {
            if (!Uri.TryCreate(upstream.Url.TrimEnd('/'), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                throw new FormatException($"upstream {upstream.Name}: the url is not an absolute http or https URL");
            if (upstream.Format != "OpenAI")
                throw new FormatException($"upstream {upstream.Name}: the format {upstream.Format} is not supported");
            if (!Upstreams.TryAdd(upstream.Name, new Upstream(upstream.Name, url, upstream.KeyFile is null ? null : new ProviderKey(upstream.KeyFile, time))))
                throw new FormatException($"upstream {upstream.Name} is there twice");
        }
        if (config.Budget is { } budget && !(Uri.TryCreate(budget.Url, UriKind.Absolute, out var authority) && authority.Scheme == "https"))
            throw new FormatException("budget.url is not an absolute https URL");
        allowed = [.. config.AllowedModels.Select(m => new Regex(
            "^" + Regex.Escape(m).Replace("\\*", ".*", StringComparison.Ordinal) + "$", RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking))];
    }

    /// <summary>The file's content.</summary>
    public GuardrailConfig Config { get; }

    /// <summary>The longest wait for one attempt of a model call.</summary>
    public TimeSpan ModelCallTimeout { get; }

    /// <summary>The longest wait for runs in flight.</summary>
    public TimeSpan DrainTimeout { get; }

    /// <summary>How long a call waits for money.</summary>
    public TimeSpan MaxWait { get; }

    /// <summary>How long after the operator stopped answering calls still wait for it.</summary>
    public TimeSpan FailoverWait { get; }

    /// <summary>The upstreams by name.</summary>
    public Dictionary<string, Upstream> Upstreams { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="FormatException">It cannot be used; the message says why and quotes no secret, since there is none in it.</exception>
    public static GuardrailSettings Parse(ReadOnlySpan<byte> json, TimeProvider time)
    {
        try
        {
            var config = JsonSerializer.Deserialize(json, GuardrailJson.Default.GuardrailConfig) ?? throw new FormatException("the file holds null");
            return new GuardrailSettings(config, time);
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>Whether the agent may name this model.</summary>
    public bool Allows(string model) => allowed.Count == 0 || allowed.Exists(a => a.IsMatch(model));

    private static TimeSpan Duration(string text, string field) => GoDuration.TryParse(text, out var duration)
        ? duration
        : throw new FormatException($"{field}: \"{text}\" is not a duration");
}

/// <summary>A provider.</summary>
/// <param name="Name">The first path segment.</param>
/// <param name="Url">The base URL, without a slash at its end.</param>
/// <param name="Key">The key, if one is to be added.</param>
internal sealed record Upstream(string Name, Uri Url, ProviderKey? Key)
{
    /// <summary>The URL of an endpoint under the base.</summary>
    public Uri Endpoint(string path, QueryString query) => new(Url.AbsoluteUri.TrimEnd('/') + path + query.Value);
}

/// <summary>A provider's key in a file, read again at most once a second: the kubelet swaps links, whose times say nothing about the content.</summary>
internal sealed class ProviderKey(string path, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private sealed record Entry(string? Value, long ReadAt);

    private Entry? last;

    /// <summary>The key, or null where the file is missing, empty, or holds what no header can carry.</summary>
    public string? Read()
    {
        var entry = Volatile.Read(ref last);
        if (entry is not null && time.GetElapsedTime(entry.ReadAt) < Fresh)
            return entry.Value;
        string? value = null;
        try
        {
            value = File.ReadAllText(path).Trim();
            if (value.Length == 0 || value.AsSpan().ContainsAnyExceptInRange('!', '~'))
                value = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Reported to the caller as "no key"; the kubelet may be in the middle of a swap.
        }
        Volatile.Write(ref last, new Entry(value, time.GetTimestamp()));
        return value;
    }
}

/// <summary>The configuration now in force. A new file that cannot be used is reported, and the old one stays.</summary>
internal sealed class ConfigStore
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(10);

    private readonly string path;
    private readonly TimeProvider time;
    private readonly ILogger<ConfigStore> log;
    private byte[] content;
    private GuardrailSettings current;

    /// <summary>Loads the file.</summary>
    /// <exception cref="FormatException">The first configuration must be good.</exception>
    public ConfigStore(string path, TimeProvider time, ILogger<ConfigStore> log)
    {
        this.path = path;
        this.time = time;
        this.log = log;
        content = File.ReadAllBytes(path);
        current = GuardrailSettings.Parse(content, time);
    }

    /// <summary>The settings in force.</summary>
    public GuardrailSettings Current => Volatile.Read(ref current);

    /// <summary>Raised after a new configuration came into force.</summary>
    public event Action? Changed;

    /// <summary>Looks at the file until cancelled.</summary>
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

    /// <summary>Looks at the file once.</summary>
    public void Reload()
    {
        try
        {
            var next = File.ReadAllBytes(path);
            if (next.AsSpan().SequenceEqual(content))
                return;
            content = next;
            var settings = GuardrailSettings.Parse(next, time);
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

    private static IEnumerable<(int, int)> Ports(GuardrailSettings settings) => settings.Config.Inbound.Select(i => (i.ListenPort, i.TargetPort));
}
