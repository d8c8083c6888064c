using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// An upstream: a provider of models or a tool, and the connections to it. It lives as long as it is declared the same way, across
/// reloads of the configuration.
/// </summary>
internal sealed class Upstream : IDisposable
{
    private static readonly TimeSpan Connect = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Connections at once; over HTTP/2 each carries many calls.</summary>
    public const int MostConnections = 512;

    private readonly Lazy<HttpMessageInvoker> client;
    private readonly string origin;
    private readonly string basePath;
    private readonly bool versioned;
    private volatile Named? named;
    private volatile KnownTarget? last;

    /// <param name="config">As declared.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="FormatException">It cannot be used; the message names it.</exception>
    public Upstream(UpstreamConfig config, TimeProvider time)
    {
        if (!Uri.TryCreate(config.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            throw new FormatException($"upstream {config.Name}: the url is not an absolute http or https URL");
        if (config.Proxy is { } proxy && !Uri.TryCreate(proxy, UriKind.Absolute, out _))
            throw new FormatException($"upstream {config.Name}: the proxy is not a URL");
        Format =
            WireFormat.Of(config.Format)
            ?? throw new FormatException(
                $"upstream {config.Name}: the format {config.Format} is not one of {string.Join(", ", WireFormat.Names)}"
            );
        Config = config;
        Url = url;
        Key = config.KeyFile is null ? null : new ProviderKey(config.KeyFile, time);
        origin = url.GetLeftPart(UriPartial.Authority);
        versioned = url.AbsolutePath.TrimEnd('/').Length > 0;
        // A slash at the end of an MCP server's URL is part of it; every other URL is a base, below which a path begins with a slash.
        basePath = Format is McpFormat ? url.AbsolutePath : url.AbsolutePath.TrimEnd('/');
        IsTls = url.Scheme == "https";
        client = new(() => new HttpMessageInvoker(Handler(config)));
    }

    /// <summary>As declared.</summary>
    public UpstreamConfig Config { get; }

    /// <summary>The first path segment.</summary>
    public string Name => Config.Name;

    /// <summary>The base URL.</summary>
    public Uri Url { get; }

    /// <summary>The wire format.</summary>
    public WireFormat Format { get; }

    /// <summary>The key, if one is to be added.</summary>
    public ProviderKey? Key { get; }

    /// <summary>The provider's id in the catalog, as far as the URL tells it.</summary>
    public string? Provider(PriceCatalog catalog) => Known(catalog).Id;

    /// <summary>What a catalog knows about the provider.</summary>
    public KnownProvider Known(PriceCatalog catalog)
    {
        // One reference for both, so that a call never sees another catalog's answer.
        var known = named;
        if (known?.Catalog != catalog)
            named = known = new Named(catalog, KnownProvider.Of(catalog, Url));
        return known.Provider;
    }

    private sealed record Named(PriceCatalog Catalog, KnownProvider Provider);

    /// <summary>HTTP/2 is spoken where the provider can.</summary>
    public bool IsTls { get; }

    /// <summary>The connections.</summary>
    public HttpMessageInvoker Client => client.Value;

    /// <summary>
    /// The URL of an endpoint, its path and query byte for byte as they are given. A base URL with a path has its version in it; one
    /// without gets the version that the request, or the format, has.
    /// </summary>
    /// <exception cref="InvalidOperationException">The URL would have another path or query than what was matched.</exception>
    public Uri Target(in UpstreamEndpoint endpoint, string query)
    {
        var known = last;
        if (known is not null && known.Version == endpoint.Version && known.Path == endpoint.Path && known.Query == query)
            return known.Url;
        var path = basePath + (versioned || Format.IsTool ? "" : endpoint.Version) + endpoint.Path;
        var target = (path.Length == 0 ? "/" : path) + query;
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        if (!Uri.TryCreate(origin + target, in options, out var url) || url.PathAndQuery != target)
            throw new InvalidOperationException($"the path {path} would not reach upstream {Name} as it was matched");
        last = new KnownTarget(endpoint.Version, endpoint.Path, query, url);
        return url;
    }

    // An agent mostly calls one endpoint: its URL is not put together anew for each call.
    private sealed record KnownTarget(string Version, string Path, string Query, Uri Url);

    /// <summary>Whether another declaration says the same, so that this upstream can serve it.</summary>
    public bool Serves(UpstreamConfig other) =>
        (Config.Name, Config.Format, Config.Url, Config.KeyFile, Config.CaFile, Config.Proxy)
        == (other.Name, other.Format, other.Url, other.KeyFile, other.CaFile, other.Proxy);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (client.IsValueCreated)
            client.Value.Dispose();
    }

    /// <summary>What makes the connections.</summary>
    internal static SocketsHttpHandler Handler(UpstreamConfig config)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = config.Proxy is not null,
            Proxy = config.Proxy is null ? null : new WebProxy(config.Proxy),
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = Lifetime,
            ConnectTimeout = Connect,
            MaxConnectionsPerServer = MostConnections,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            RequestHeaderEncodingSelector = static (_, _) => HeaderText.Encoding,
            ResponseHeaderEncodingSelector = static (_, _) => HeaderText.Encoding,
        };
        if (config.KeyFile is not null)
            handler.ConnectCallback = AbsoluteName.ConnectAsync;
        if (config.CaFile is { } path)
            handler.SslOptions = new PrivateAuthority(path).Options;
        return handler;
    }
}
