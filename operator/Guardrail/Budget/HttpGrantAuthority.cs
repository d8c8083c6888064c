using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// The operator's grant endpoint over HTTPS. Its certificate must chain to the CA file, and to nothing else, and carry the configured
/// host's name, also where a follower's 421 sends us to the leader's address. Token and CA are read again when they change.
/// </summary>
internal sealed class HttpGrantAuthority(ConfigStore config, TimeProvider time) : IGrantAuthority, IDisposable
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, HttpMessageInvoker> clients = [];
    private string clientsKey = "";
    private Uri? leader;

    /// <inheritdoc/>
    public bool Configured => config.Current.Config.Budget is not null;

    /// <inheritdoc/>
    public bool Observes => config.Current.Config.Budget is { Observe: true };

    /// <inheritdoc/>
    public TimeSpan MaxWait => config.Current.MaxWait;

    /// <inheritdoc/>
    public TimeSpan FailoverWait => config.Current.FailoverWait;

    /// <inheritdoc/>
    public async Task<GrantResponse> SendAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        var budget = config.Current.Config.Budget ?? throw new InvalidOperationException("no budget authority is configured");
        using var expiry = new CancellationTokenSource(RequestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
        var body = JsonSerializer.SerializeToUtf8Bytes(request, ContractsJson.Default.GrantRequest);
        var ca = await File.ReadAllTextAsync(budget.CaFile, either.Token);
        var token = (await File.ReadAllTextAsync(budget.TokenFile, either.Token)).Trim();
        ForgetClientsOf(budget.Url + "\n" + ca);
        var known = leader;
        try
        {
            var (answer, location) = await PostAsync(budget, ca, token, body, known, either.Token);
            if (answer is not null)
                return answer;
            leader = location;
            (answer, _) = await PostAsync(budget, ca, token, body, location, either.Token);
            return answer ?? throw new HttpRequestException("the leader's address answers that it does not lead");
        }
        catch
        {
            // The leader may have changed: the next try starts at the configured address.
            leader = null;
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in clients.Values)
            client.Dispose();
    }

    /// <summary>Posts to the configured URL, over a connection to another address if one is given.</summary>
    private async Task<(GrantResponse? Answer, Uri? Location)> PostAsync(
        BudgetAuthority budget,
        string ca,
        string token,
        byte[] body,
        Uri? address,
        CancellationToken cancellationToken
    )
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, budget.Url.TrimEnd('/') + GrantProtocol.Path);
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        message.Content = new ByteArrayContent(body);
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await Client(ca, address).SendAsync(message, cancellationToken);
        if ((int)response.StatusCode == GrantProtocol.Misdirected && response.Headers.Location is { } location)
            return (null, location.IsAbsoluteUri ? location : new Uri(new Uri(budget.Url), location));
        if (response.StatusCode != HttpStatusCode.OK)
            throw new HttpRequestException($"the grant endpoint answers {(int)response.StatusCode}");
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        return (
            await JsonSerializer.DeserializeAsync(stream, ContractsJson.Default.GrantResponse, cancellationToken)
                ?? throw new JsonException("an empty answer"),
            null
        );
    }

    private void ForgetClientsOf(string key)
    {
        if (key == clientsKey)
            return;
        Dispose();
        clients.Clear();
        leader = null;
        clientsKey = key;
    }

    private HttpMessageInvoker Client(string ca, Uri? address)
    {
        var key = address?.Authority ?? "";
        if (clients.TryGetValue(key, out var client))
            return client;
        if (clients.Count > 8)
            ForgetClientsOf(clientsKey + " ");
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.ImportFromPem(ca);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            PooledConnectionLifetime = ConnectionLifetime,
            ConnectTimeout = RequestTimeout,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        };
        if (address is not null)
        {
            handler.ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(address.DnsSafeHost, address.Port, token);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }
        return clients[key] = new HttpMessageInvoker(handler);
    }
}
