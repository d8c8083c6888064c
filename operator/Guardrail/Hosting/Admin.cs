using System.Net;
using System.Security.Cryptography;
using System.Text;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Inbound;
using AgentReadiness.Guardrail.Telemetry;

namespace AgentReadiness.Guardrail.Hosting;

/// <summary>The admin port: for the kubelet, for Prometheus and for the pod's preStop hook.</summary>
internal sealed class Admin(
    ConfigStore config,
    GrantClient grants,
    Traffic traffic,
    GuardrailMetrics metrics,
    PodAddresses addresses,
    IHostApplicationLifetime lifetime,
    TimeProvider time
)
{
    private static readonly TimeSpan Deregistration = TimeSpan.FromSeconds(3);

    /// <summary>The listeners are up and the configuration is loaded; says nothing about money.</summary>
    public bool Ready { get; set; }

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (IsPage(context))
        {
            await TextAsync(context, 403, "no page in a browser may ask this\n");
            return;
        }
        // From within the pod only: beside a runner there is nobody else to say that the work is done.
        if (
            HttpMethods.IsPost(context.Request.Method)
            && context.Request.Path == GuardrailPaths.Quit
            && config.Current.Config.Ephemeral
            && addresses.IsOwn(context.Connection)
        )
        {
            await TextAsync(context, 202, "stopping\n");
            lifetime.StopApplication();
            return;
        }
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        // A kubelet before 1.25 calls a hook's "/drain" as "//drain".
        switch ("/" + context.Request.Path.Value?.TrimStart('/'))
        {
            case "/healthz":
                await TextAsync(context, 200, "ok\n");
                break;
            case "/readyz":
                await (Ready ? TextAsync(context, 200, "ok\n") : TextAsync(context, 503, "not ready\n"));
                break;
            case "/drain" when !MayDrain(context):
                await TextAsync(context, 403, "only the kubelet and the pod itself may drain it\n");
                break;
            case "/drain":
                // A pod that nobody ends after all takes requests as before.
                traffic.DrainFor(Deregistration + config.Current.DrainTimeout + TimeSpan.FromSeconds(GuardrailTimes.AfterDrain));
                // Nothing tells a pod when the last node has taken it out of its Services: until then requests still come.
                await Task.Delay(Deregistration, time, context.RequestAborted);
                var empty = await traffic.WaitForRunsAsync(config.Current.DrainTimeout, context.RequestAborted);
                await TextAsync(context, 200, empty ? "drained\n" : $"{traffic.Runs} runs still in flight\n");
                break;
            case "/metrics":
                var openMetrics = WantsOpenMetrics(context.Request);
                context.Response.ContentType = openMetrics
                    ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                    : "text/plain; version=0.0.4; charset=utf-8";
                await metrics.WriteAsync(
                    context.Response.Body,
                    openMetrics,
                    grants.Account.Totals,
                    traffic.Calls,
                    traffic.Runs,
                    context.RequestAborted
                );
                break;
            default:
                await TextAsync(context, 404, "not found\n");
                break;
        }
    }

    /// <summary>
    /// A page in a browser of the pod: it says where it comes from, or has come by a name that leads here. Probes and scrapes of others
    /// come by whatever name they know the pod.
    /// </summary>
    private bool IsPage(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers.Origin.Count > 0 || headers["Sec-Fetch-Site"] is { Count: > 0 } site && site != "none" && site != "same-origin")
            return true;
        var host = context.Request.Host.Host;
        return addresses.IsOwn(context.Connection) && host != "localhost" && !IPAddress.TryParse(host.Trim('[', ']'), out _);
    }

    /// <summary>The pod itself is known by its address; the kubelet by the token, which stands in the pod's own hook.</summary>
    private bool MayDrain(HttpContext context) =>
        addresses.IsOwn(context.Connection)
        || (
            config.Current.Config.DrainToken is { Length: > 0 } token
            && CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(token),
                Encoding.UTF8.GetBytes(context.Request.Query[GuardrailPaths.DrainToken].ToString())
            )
        );

    // Who takes anything, as a person's curl does, gets the older format.
    private static bool WantsOpenMetrics(HttpRequest request)
    {
        var (open, text) = (0d, 0d);
        foreach (var accepted in request.GetTypedHeaders().Accept)
        {
            if (accepted.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase))
                open = Math.Max(open, accepted.Quality ?? 1);
            else if (accepted.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase))
                text = Math.Max(text, accepted.Quality ?? 1);
        }
        return open > 0 && open >= text;
    }

    private static async Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(text));
    }
}
