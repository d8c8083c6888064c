using System.CommandLine;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Contracts.Evals;
using k8s;
using k8s.Models;

namespace AgentReadiness.Cli;

/// <summary>"evals submit": hands the results of an external suite to the operator, which answers with its verdict.</summary>
internal static class SubmitCommand
{
    /// <summary>The name of the command.</summary>
    public const string Name = "submit";

    private const int NotTaken = 5;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The results, in any of the formats of \"evals import\"." };
        var suite = Required("--suite", "The EvalSuite, as namespace/name.");
        var agent = Required("--agent", "The AgentDeployment, as namespace/name.");
        var revision = Required("--revision", "The revision that was measured, as \"kubectl agents revision\" prints it.");
        var account = new Option<string?>("--service-account")
        {
            Description =
                "The service account to submit as, namespace/name: a token is made for it, which takes the right to create "
                + "serviceaccounts/token.",
        };
        var token = new Option<string?>("--token-file")
        {
            Description =
                $"A token of audience {SubmissionProtocol.Audience}, for example from a projected volume, instead of --service-account.",
        };
        var server = new Option<string?>("--server")
        {
            Description =
                "The https address of the operator's Service, where you can reach it. Without it, the request goes through the API server.",
        };
        var authority = new Option<string?>("--certificate-authority")
        {
            Description = "PEM certificates that --server's certificate must chain to.",
        };
        var kubeconfig = new Option<string?>("--kubeconfig")
        {
            Description = "The kubeconfig file. Without it, the one that kubectl would use.",
        };
        var space = new Option<string>("--operator-namespace")
        {
            Description = "The operator's namespace.",
            DefaultValueFactory = _ => "agent-readiness-system",
        };
        var service = new Option<string>("--operator-service")
        {
            Description = "The operator's Service.",
            DefaultValueFactory = _ => "agent-readiness-operator-grants",
        };
        var submit = new Command(
            Name,
            """
            Submits a results file for a revision that waits for the verdict of an external suite, and prints the operator's verdict.

            Exit codes: 0 Passed; 1 Failed; 2 the command line is wrong; 3 Inconclusive; 4 Error; 5 the operator did not take the results.
            """
        )
        {
            file,
            suite,
            agent,
            revision,
            account,
            token,
            server,
            authority,
            kubeconfig,
            space,
            service,
        };
        submit.Validators.Add(result =>
        {
            if (result.GetValue(account) is null == result.GetValue(token) is null)
                result.AddError("Give either --service-account or --token-file.");
            foreach (var option in (Option<string?>[])[account])
            {
                if (result.GetValue(option) is { } value && value.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
                    result.AddError($"{option.Name} must be namespace/name.");
            }
        });
        submit.SetAction(
            async (parsed, cancellationToken) =>
            {
                var error = parsed.InvocationConfiguration.Error;
                try
                {
                    await using var results = File.OpenRead(parsed.GetRequiredValue(file));
                    var query =
                        $"?suite={Uri.EscapeDataString(parsed.GetRequiredValue(suite))}"
                        + $"&agent={Uri.EscapeDataString(parsed.GetRequiredValue(agent))}"
                        + $"&revision={Uri.EscapeDataString(parsed.GetRequiredValue(revision))}";
                    using var client =
                        parsed.GetValue(server) is null || parsed.GetValue(account) is not null
                            ? new Kubernetes(Configuration(parsed.GetValue(kubeconfig)))
                            : null;
                    var bearer = parsed.GetValue(token) is { } path
                        ? (await File.ReadAllTextAsync(path, cancellationToken)).Trim()
                        : await TokenAsync(client!, parsed.GetValue(account)!, cancellationToken);
                    using var direct = parsed.GetValue(server) is { } address ? Direct(address, parsed.GetValue(authority)) : null;
                    using var message = new HttpRequestMessage(
                        HttpMethod.Post,
                        direct is null
                            ? new Uri(
                                client!.BaseUri,
                                $"api/v1/namespaces/{parsed.GetRequiredValue(space)}"
                                    + $"/services/https:{parsed.GetRequiredValue(service)}:8443/proxy{SubmissionProtocol.Path}{query}"
                            )
                            : new Uri(direct.BaseAddress!, SubmissionProtocol.Path + query)
                    );
                    message.Headers.Add(SubmissionProtocol.TokenHeader, bearer);
                    message.Content = new StreamContent(results);
                    message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
                    if (direct is null && client!.Credentials is { } credentials)
                        await credentials.ProcessHttpRequestAsync(message, cancellationToken);
                    using var response = await (direct ?? client!.HttpClient).SendAsync(message, cancellationToken);
                    var text = await response.Content.ReadAsStringAsync(cancellationToken);
                    if (!response.IsSuccessStatusCode)
                    {
                        await error.WriteLineAsync($"error: HTTP {(int)response.StatusCode}: {Plain(Text(text))}");
                        return NotTaken;
                    }
                    var answer = (JsonObject)JsonNode.Parse(text)!;
                    await parsed.InvocationConfiguration.Output.WriteLineAsync(answer.ToJsonString(Indented));
                    await error.WriteLineAsync($"{answer["verdict"]}: {Plain(answer["message"]!.GetValue<string>())}");
                    return EvalsCommand.ExitCode(Enum.Parse<EvalPhase>(answer["verdict"]!.GetValue<string>()));
                }
                catch (Exception exception)
                    when (exception
                            is IOException
                                or UnauthorizedAccessException
                                or HttpRequestException
                                or k8s.Autorest.HttpOperationException
                                or k8s.Exceptions.KubeConfigException
                                or JsonException
                                or System.Security.Cryptography.CryptographicException
                                or UriFormatException
                    )
                {
                    var why = exception is k8s.Autorest.HttpOperationException refused ? Text(refused.Response.Content) : exception.Message;
                    await error.WriteLineAsync($"error: {Plain(why)}");
                    return NotTaken;
                }
            }
        );
        return submit;
    }

    private static Option<string> Required(string name, string description) => new(name) { Description = description, Required = true };

    private static KubernetesClientConfiguration Configuration(string? file) =>
        file is null ? KubernetesClientConfiguration.BuildDefaultConfig() : KubernetesClientConfiguration.BuildConfigFromConfigFile(file);

    private static async Task<string> TokenAsync(Kubernetes client, string account, CancellationToken cancellationToken)
    {
        var parts = account.Split('/');
        var request = new Authenticationv1TokenRequest
        {
            Spec = new V1TokenRequestSpec { Audiences = [SubmissionProtocol.Audience], ExpirationSeconds = 600 },
        };
        var made = await client.CoreV1.CreateNamespacedServiceAccountTokenAsync(
            request,
            parts[1],
            parts[0],
            cancellationToken: cancellationToken
        );
        return made.Status.Token;
    }

    private static HttpClient Direct(string address, string? authority)
    {
        var handler = new SocketsHttpHandler();
        if (authority is not null)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPemFile(authority);
            handler.SslOptions.CertificateChainPolicy = policy;
        }
        var url = new Uri(address);
        return url.Scheme == Uri.UriSchemeHttps
            ? new HttpClient(handler) { BaseAddress = url }
            : throw new HttpRequestException("--server must be an https address: a token is sent to it");
    }

    // Refusals of the operator and of the API server both have a message.
    private static string Text(string body)
    {
        try
        {
            return JsonNode.Parse(body)?["message"]?.GetValue<string>() ?? body;
        }
        catch (JsonException)
        {
            return body.Length <= 300 ? body : body[..300];
        }
    }

    // A text that came over the network may hold control characters that a terminal would obey.
    private static string Plain(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
}
