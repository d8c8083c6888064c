using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>A provider, and the connections to it.</summary>
internal sealed class Upstream : IDisposable
{
    private static readonly TimeSpan Connect = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Connections at once; over HTTP/2 each carries many calls.</summary>
    public const int MostConnections = 512;

    private readonly Lazy<HttpMessageInvoker> client;
    private readonly string root;
    private readonly bool versioned;
    private volatile Named? named;

    /// <param name="config">As declared.</param>
    /// <param name="url">Its URL, read.</param>
    /// <param name="format">Its wire format.</param>
    /// <param name="key">Its key, if one is to be added.</param>
    public Upstream(UpstreamConfig config, Uri url, WireFormat format, ProviderKey? key)
    {
        (Name, Url, Format, Key) = (config.Name, url, format, key);
        root = url.AbsoluteUri.TrimEnd('/');
        versioned = url.AbsolutePath.TrimEnd('/').Length > 0;
        IsTls = url.Scheme == "https";
        client = new(() => new HttpMessageInvoker(Handler(config)));
    }

    /// <summary>The first path segment.</summary>
    public string Name { get; }

    /// <summary>The base URL.</summary>
    public Uri Url { get; }

    /// <summary>The wire format.</summary>
    public WireFormat Format { get; }

    /// <summary>The key, if one is to be added.</summary>
    public ProviderKey? Key { get; }

    /// <summary>The provider's id in the catalog, as far as the URL tells it.</summary>
    public string? Provider(PriceCatalog catalog)
    {
        // One reference for both, so that a call never sees another catalog's answer.
        var known = named;
        if (known?.Catalog != catalog)
            named = known = new Named(catalog, catalog.ProviderOf(Url));
        return known.Provider;
    }

    private sealed record Named(PriceCatalog Catalog, string? Provider);

    /// <summary>HTTP/2 is spoken where the provider can.</summary>
    public bool IsTls { get; }

    /// <summary>The connections.</summary>
    public HttpMessageInvoker Client => client.Value;

    /// <summary>
    /// The URL of an endpoint. A base URL with a path has its version in it; one without gets the version that the request, or the format,
    /// has.
    /// </summary>
    public Uri Endpoint(in UpstreamEndpoint endpoint, string query) =>
        new(versioned || Format.IsTool ? root + endpoint.Path + query : root + endpoint.Version + endpoint.Path + query);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (client.IsValueCreated)
            client.Value.Dispose();
    }

    private static SocketsHttpHandler Handler(UpstreamConfig config)
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
        };
        if (config.CaFile is { } path)
            handler.SslOptions = new PrivateAuthority(path).Options;
        return handler;
    }
}
