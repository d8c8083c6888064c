using System.Text.Json;
using System.Text.RegularExpressions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// The HTTP side of the grant protocol. <see cref="PodAuthenticator"/> finds the pod that asks, and the labels of the pod name its account;
/// nothing in the request does. A follower answers 421 with the leader's address.
/// </summary>
internal sealed partial class GrantEndpoint(
    LedgerRegistry registry,
    AccountDeclarations declarations,
    PodAuthenticator authenticator,
    PodAccounts accounts,
    LeaderElector elector,
    OperatorOptions options,
    RefusalLog refusals
)
{
    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (!registry.IsOpen)
        {
            context.Response.StatusCode = GrantProtocol.Misdirected;
            // The identity of a leader is "pod/address".
            if (elector.Leader.Split('/') is [_, { Length: > 0 } address])
            {
                var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
                context.Response.Headers.Location = $"https://{host}:{options.GrantsPort}{GrantProtocol.Path}";
            }
            return;
        }
        if (await authenticator.AuthenticateAsync(context, GrantProtocol.Audience) is not { } caller)
        {
            Refuse(context, StatusCodes.Status401Unauthorized, "the token is missing, of another audience, expired, or not bound to a pod");
            return;
        }
        var (found, refusal) = await accounts.FindAsync(caller, context.RequestAborted);
        if (found is not { } account)
        {
            Refuse(context, StatusCodes.Status403Forbidden, $"pod {caller.Namespace}/{caller.Pod.Name} {refusal}", caller);
            return;
        }
        if (await ReadAsync(context) is not { } request)
        {
            Refuse(context, StatusCodes.Status400BadRequest, $"pod {caller.Namespace}/{caller.Pod.Name} sent no grant request", caller);
            return;
        }
        if (SpendBounds.Problem(request.Spend) is { } problem)
        {
            Refuse(
                context,
                StatusCodes.Status400BadRequest,
                $"pod {caller.Namespace}/{caller.Pod.Name} sent a grant request that breaks a bound: {problem}",
                caller
            );
            await context.Response.WriteAsync(problem, context.RequestAborted);
            return;
        }
        try
        {
            var answer = DeclaredTerms.IsUnlimited(account, declarations.Of(account))
                ? new GrantResponse
                {
                    Outcome = GrantOutcome.Unlimited,
                    Window = "none",
                    WindowEnds = DateTimeOffset.MaxValue,
                    Refused = [],
                }
                : await registry.GrantAsync(account, request, caller.Pod, context.RequestAborted);
            context.Response.ContentType = "application/json";
            await JsonSerializer.SerializeAsync(context.Response.Body, answer, ContractsJson.Default.GrantResponse, context.RequestAborted);
        }
        catch (LedgerUnavailableException exception)
        {
            Refuse(context, StatusCodes.Status503ServiceUnavailable, exception.Message, caller);
        }
    }

    private void Refuse(HttpContext context, int status, string reason, BoundPod? pod = null)
    {
        refusals.Grant(status, pod?.Pod.Uid ?? context.Connection.RemoteIpAddress?.ToString(), reason);
        context.Response.StatusCode = status;
    }

    private static async Task<GrantRequest?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength is > GrantProtocol.MaxBytes)
            return null;
        if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = GrantProtocol.MaxBytes;
        try
        {
            var request = await JsonSerializer.DeserializeAsync(
                context.Request.Body,
                ContractsJson.Default.GrantRequest,
                context.RequestAborted
            );
            return request is not null && HolderId().IsMatch(request.Holder) && Overruns.AreWhole(request.Overruns) ? request : null;
        }
        catch (Exception exception) when (exception is JsonException or BadHttpRequestException)
        {
            return null;
        }
    }

    [GeneratedRegex("^[a-z0-9]{16,64}$")]
    private static partial Regex HolderId();
}
