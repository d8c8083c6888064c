using System.Globalization;
using AgentReadiness.Api;
using AgentReadiness.Contracts;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>The operator's settings, from its environment; the chart sets them all.</summary>
public sealed record OperatorOptions
{
    /// <summary>The operator's namespace (POD_NAMESPACE): ledgers and the Lease live in it.</summary>
    public required string Namespace { get; init; }

    /// <summary>The pod's name (POD_NAME).</summary>
    public required string PodName { get; init; }

    /// <summary>The pod's address (POD_IP), to which a follower sends guardrails.</summary>
    public required string PodIp { get; init; }

    /// <summary>The guardrail's image (GUARDRAIL_IMAGE).</summary>
    public required string GuardrailImage { get; init; }

    /// <summary>The eval runner's image (EVAL_RUNNER_IMAGE).</summary>
    public required string EvalRunnerImage { get; init; }

    /// <summary>The grant endpoint as pods reach it (GRANTS_URL).</summary>
    public required string GrantsUrl { get; init; }

    /// <summary>The folder of somebody else's tls.crt, tls.key and ca.crt (GRANTS_TLS_DIR); null: the operator makes its own.</summary>
    public string? GrantsTlsDirectory { get; init; }

    /// <summary>The Secret of the operator's namespace that its own CA and certificate live in (GRANTS_SECRET).</summary>
    public string? GrantsSecret { get; init; }

    /// <summary>The key of <see cref="GrantsSecret"/>.</summary>
    public NamespacedName? GrantsSecretKey => GrantsSecret is null ? null : new NamespacedName(Namespace, GrantsSecret);

    /// <summary>How long its own certificates live (GRANTS_CA_LIFE, 8760h; GRANTS_CERTIFICATE_LIFE, 2160h; GRANTS_OVERLAP, 1h).</summary>
    public RotationPlan Rotation { get; init; } = RotationPlan.Default;

    /// <summary>The port of the grant endpoint (GRANTS_PORT, 8443).</summary>
    public int GrantsPort { get; init; } = 8443;

    /// <summary>The port of the metrics (METRICS_PORT, 8080).</summary>
    public int MetricsPort { get; init; } = 8080;

    /// <summary>The port of the probes (HEALTH_PORT, 8081).</summary>
    public int HealthPort { get; init; } = 8081;

    /// <summary>Resources of guardrails (GUARDRAIL_RESOURCES, JSON).</summary>
    public ContainerResources GuardrailResources { get; init; } = ContainerResources.Guardrail;

    /// <summary>Resources of eval runners and reporters (EVAL_RUNNER_RESOURCES, JSON).</summary>
    public ContainerResources RunnerResources { get; init; } = ContainerResources.Runner;

    /// <summary>How many eval runs may be at work at once (EVAL_CONCURRENCY, 10, and EVAL_NAMESPACE_CONCURRENCY, 4).</summary>
    public EvalLimits EvalLimits { get; init; } = new(10, 4);

    /// <summary>
    /// The ConfigMap of the operator's namespace whose prices are laid over the shipped ones (PRICES_CONFIGMAP); null: none.
    /// </summary>
    public string? PricesConfigMap { get; init; }

    /// <summary>What authors may have.</summary>
    public AuthorRights Authors { get; init; } = new();

    /// <summary>The key of <see cref="PricesConfigMap"/>.</summary>
    public NamespacedName? Prices => PricesConfigMap is null ? null : new NamespacedName(Namespace, PricesConfigMap);

    /// <summary>The operator's own copy of the last good prices, for who takes over while the platform's are broken.</summary>
    public NamespacedName LastPrices => new(Namespace, $"{Names.Operator}-last-prices");

    /// <summary>
    /// How many objects of a kind are reconciled at once (RECONCILE_CONCURRENCY, 4): a number for every kind, then, separated by commas,
    /// numbers for single ones, as in "4,agentdeployment=8".
    /// </summary>
    public ControllerOptions Controllers { get; init; } = new();

    /// <summary>Reads the environment.</summary>
    /// <exception cref="InvalidOperationException">A variable is missing or wrong; the message names it.</exception>
    public static OperatorOptions FromEnvironment(Func<string, string?> read)
    {
        string Text(string name) =>
            read(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"environment variable {name} is not set");
        int Port(string name, int fallback) =>
            read(name) switch
            {
                null or "" => fallback,
                var text when int.TryParse(text, out var port) && port is > 0 and < 65536 => port,
                var text => throw new InvalidOperationException($"environment variable {name}: \"{text}\" is not a port"),
            };
        int Count(string name, int fallback) =>
            read(name) switch
            {
                null or "" => fallback,
                var text when int.TryParse(text, out var count) && count is > 0 and <= 10_000 => count,
                var text => throw new InvalidOperationException($"environment variable {name}: \"{text}\" is not a number from 1 to 10000"),
            };
        string? Optional(string name) => read(name) is { Length: > 0 } value ? value : null;
        TimeSpan Duration(string name, TimeSpan fallback) =>
            Optional(name) switch
            {
                null => fallback,
                var text when GoDuration.TryParse(text, out var duration) => duration,
                var text => throw new InvalidOperationException($"environment variable {name}: \"{text}\" is not a duration such as 2160h"),
            };
        ContainerResources Resources(string name, ContainerResources fallback)
        {
            try
            {
                return Optional(name) is { } text ? ContainerResources.Parse(text) : fallback;
            }
            catch (FormatException exception)
            {
                throw new InvalidOperationException($"environment variable {name} {exception.Message}", exception);
            }
        }
        string[] List(string name) =>
            Optional(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        var rotation = new RotationPlan(
            Duration("GRANTS_CA_LIFE", RotationPlan.Default.CaLife),
            Duration("GRANTS_CERTIFICATE_LIFE", RotationPlan.Default.LeafLife),
            Duration("GRANTS_OVERLAP", RotationPlan.Default.Overlap)
        );
        if (rotation.Problem is { } problem)
            throw new InvalidOperationException(
                $"environment variables GRANTS_CA_LIFE, GRANTS_CERTIFICATE_LIFE and GRANTS_OVERLAP: {problem}"
            );
        var (folder, secret) = (Optional("GRANTS_TLS_DIR"), Optional("GRANTS_SECRET"));
        if (folder is null == secret is null)
            throw new InvalidOperationException(
                "environment variables: set one of GRANTS_SECRET (the operator's own certificates) and GRANTS_TLS_DIR (others)"
            );
        return new OperatorOptions
        {
            Namespace = Text("POD_NAMESPACE"),
            PodName = Text("POD_NAME"),
            PodIp = Text("POD_IP"),
            GuardrailImage = Text("GUARDRAIL_IMAGE"),
            EvalRunnerImage = Text("EVAL_RUNNER_IMAGE"),
            GrantsUrl = Text("GRANTS_URL"),
            GrantsTlsDirectory = folder,
            GrantsSecret = secret,
            Rotation = rotation,
            GrantsPort = Port("GRANTS_PORT", 8443),
            MetricsPort = Port("METRICS_PORT", 8080),
            HealthPort = Port("HEALTH_PORT", 8081),
            GuardrailResources = Resources("GUARDRAIL_RESOURCES", ContainerResources.Guardrail),
            RunnerResources = Resources("EVAL_RUNNER_RESOURCES", ContainerResources.Runner),
            EvalLimits = new EvalLimits(Count("EVAL_CONCURRENCY", 10), Count("EVAL_NAMESPACE_CONCURRENCY", 4)),
            PricesConfigMap = Optional("PRICES_CONFIGMAP"),
            Authors = new AuthorRights
            {
                // Any other word leaves Secrets as they are best kept.
                MarkedSecretsOnly = Optional("AUTHOR_ANY_SECRET") != "true",
                RuntimeClasses = List("AUTHOR_RUNTIME_CLASSES"),
                PriorityClasses = List("AUTHOR_PRIORITY_CLASSES"),
                Annotations = List("AUTHOR_ANNOTATIONS"),
            },
            Controllers = Concurrency(Optional("RECONCILE_CONCURRENCY")),
        };
    }

    private static ControllerOptions Concurrency(string? text)
    {
        var options = new ControllerOptions();
        var single = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var part in text?.Split(',', StringSplitOptions.TrimEntries) ?? [])
        {
            var (name, number) = part.Split('=') is [var left, var right] ? (left, right) : (null, part);
            if (name == string.Empty || !int.TryParse(number, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 100)
                throw new InvalidOperationException(
                    $"environment variable RECONCILE_CONCURRENCY: \"{part}\" is neither a number from 1 to 100 nor a controller's "
                        + "name with \"=\" and such a number; set it to a list such as \"4,agentdeployment=8\", or unset it for 4 of "
                        + "every kind"
                );
            if (name is null)
                options = options with { MaxConcurrentReconciles = count };
            else
                single[name] = count;
        }
        return options with { PerController = single };
    }
}
