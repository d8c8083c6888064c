using System.Text;
using AgentReadiness.Api.Guardrail;

namespace AgentReadiness.Guardrail;

/// <summary>The admin port: for the kubelet, for Prometheus and for the pod's preStop hook.</summary>
internal sealed class Admin(ConfigStore config, GrantClient grants, EgressProxy egress, InboundFront front, GuardrailMetrics metrics, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private static readonly TimeSpan Deregistration = TimeSpan.FromSeconds(3);

    /// <summary>The listeners are up and the configuration is loaded; says nothing about money.</summary>
    public bool Ready { get; set; }

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        // From within the pod only: beside a runner there is nobody else to say that the work is done.
        if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == GuardrailPaths.Quit && config.Current.Config.Ephemeral
            && context.Connection.RemoteIpAddress is { } remote && System.Net.IPAddress.IsLoopback(remote))
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
            case "/drain":
                front.Draining = true;
                // Nothing tells a pod when the last node has taken it out of its Services: until then requests still come.
                await Task.Delay(Deregistration, time, context.RequestAborted);
                var empty = await front.Runs.WaitUntilEmptyAsync(config.Current.DrainTimeout, time, context.RequestAborted);
                await TextAsync(context, 200, empty ? "drained\n" : $"{front.Runs.Count} runs still in flight\n");
                break;
            case "/metrics":
                context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
                await metrics.WriteAsync(context.Response.Body, grants.Account.Totals, egress.Calls.Count, front.Runs.Count, context.RequestAborted);
                break;
            default:
                await TextAsync(context, 404, "not found\n");
                break;
        }
    }

    private static async Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(text));
    }
}
