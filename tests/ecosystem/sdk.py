"""Signs in with the vendor's own SDK in every way that it has, and says as JSON what it was shown.

Usage: sdk.py ENDPOINT POD_IDENTITY_URI FOLDER. All services answer at the one endpoint; the folder takes the files that
two of the ways read. The values are the simulated cloud's, which are worth nothing.
"""

import json
import os
import sys
from pathlib import Path

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.auth.internal import MetadataAccessor
from huaweicloudsdkcore.auth.provider import MetadataCredentialProvider, PodIdentityCredentialProvider
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkeps import v1 as eps
from huaweicloudsdkhss import v5 as hss
from huaweicloudsdkiam import v3 as iam

KEY = ("SIMULATEDACCESSKEY", "simulated-secret-of-no-value")
REGION = "cn-north-4"


class Cloud:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        # Where the SDK's credentials look for IAM by themselves.
        os.environ["HUAWEICLOUD_SDK_IAM_ENDPOINT"] = endpoint

    def client(self, kind, credentials):
        region = Region(REGION, self.endpoint)
        return kind.new_builder().with_credentials(credentials).with_region(region).build()

    def tasks(self, credentials):
        """The project that the SDK found, and how many tasks it has, by ListTasks and by ShowTaskStatistics."""
        client = self.client(hss.HssClient, credentials)
        body = hss.ListTasksRequestBody(task_type="cluster_scan")
        everything = {"enterprise_project_id": "all_granted_eps"}
        page = client.list_tasks(hss.ListTasksRequest(body=body, limit=10, offset=0, **everything))
        statistics = client.show_task_statistics(hss.ShowTaskStatisticsRequest(task_type="cluster_scan", **everything))
        return {
            "project": credentials.project_id,
            "tasks": page.total_num,
            "on_page": len(page.data_list),
            "counted": statistics.total_num,
        }


def account(cloud):
    """What the SDK finds out about the account by the access key alone."""
    credentials = GlobalCredentials(*KEY)
    client = cloud.client(iam.IamClient, credentials)
    projects = client.keystone_list_projects(iam.KeystoneListProjectsRequest()).projects
    listed = cloud.client(eps.EpsClient, credentials).list_enterprise_project(eps.ListEnterpriseProjectRequest())
    return {
        "domain": credentials.domain_id,
        "projects": {project.name: project.id for project in projects},
        "enterprise_projects": [project.name for project in listed.enterprise_projects],
    }


def token(client):
    domain = iam.PwdPasswordUserDomain(name="simulated")
    user = iam.PwdPasswordUser(domain=domain, name="demo", password="simulated-password-of-no-value")
    identity = iam.PwdIdentity(methods=["password"], password=iam.PwdPassword(user=user))
    scope = iam.AuthScope(project=iam.AuthScopeProject(name=REGION))
    body = iam.KeystoneCreateUserTokenByPasswordRequestBody(auth=iam.PwdAuth(identity=identity, scope=scope))
    request = iam.KeystoneCreateUserTokenByPasswordRequest(body=body)
    return client.keystone_create_user_token_by_password(request).x_subject_token


def temporary(credential):
    return BasicCredentials(credential.access, credential.secret).with_security_token(credential.securitytoken)


def key_for_token(cloud):
    client = cloud.client(iam.IamClient, GlobalCredentials(*KEY))
    bearer = iam.IdentityToken(id=token(client), duration_seconds=900)
    identity = iam.TokenAuthIdentity(methods=["token"], token=bearer)
    body = iam.CreateTemporaryAccessKeyByTokenRequestBody(auth=iam.TokenAuth(identity=identity))
    request = iam.CreateTemporaryAccessKeyByTokenRequest(body=body)
    return temporary(client.create_temporary_access_key_by_token(request).credential)


def key_for_agency(cloud):
    client = cloud.client(iam.IamClient, GlobalCredentials(*KEY))
    agency = iam.IdentityAssumerole(agency_name="hss-reader", domain_name="simulated", duration_seconds=900)
    identity = iam.AgencyAuthIdentity(methods=["assume_role"], assume_role=agency)
    body = iam.CreateTemporaryAccessKeyByAgencyRequestBody(auth=iam.AgencyAuth(identity=identity))
    request = iam.CreateTemporaryAccessKeyByAgencyRequest(body=body)
    return temporary(client.create_temporary_access_key_by_agency(request).credential)


def id_token(folder):
    file = folder / "id-token"
    file.write_text("simulated-id-token-of-no-value")
    return BasicCredentials().with_idp_id("cluster").with_id_token_file(str(file))


def pod_identity(uri, folder):
    file = folder / "pod-token"
    file.write_text("simulated-pod-token-of-no-value")
    os.environ["HC_CONTAINER_CREDENTIALS_FULL_URI"] = uri
    os.environ["HC_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(file)
    return PodIdentityCredentialProvider("basic").get_credentials()


def metadata(endpoint):
    # The SDK has no option for it.
    MetadataAccessor._METADATA_ENDPOINT = endpoint
    return MetadataCredentialProvider("basic").get_credentials()


def main(endpoint, uri, folder):
    cloud, folder = Cloud(endpoint), Path(folder)
    ways = {
        "access key": BasicCredentials(*KEY),
        "key for a token": key_for_token(cloud),
        "key for an agency": key_for_agency(cloud),
        "id token": id_token(folder),
        "pod identity": pod_identity(uri, folder),
        "metadata": metadata(endpoint),
    }
    seen = {way: cloud.tasks(credentials) for way, credentials in ways.items()}
    print(json.dumps({"account": account(cloud), "ways": seen}))


main(*sys.argv[1:])
