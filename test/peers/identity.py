"""Programs that we did not write, at a running server: `identity.py SETTINGS`, a JSON file.

Prints one JSON document: what each of them found.
"""
import json
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.signer.algorithm import SigningAlgorithm
from huaweicloudsdkiam import v3 as iam_sdk
from huaweicloudsdkmodelarts import v1 as sdk
from keystoneauth1 import session
from keystoneauth1.exceptions.http import Unauthorized
from keystoneauth1.identity import v3 as keystone

settings = json.load(open(sys.argv[1]))
endpoint, project = settings["endpoint"], settings["project_id"]
ak, sk, password = settings["access_key"], settings["secret_key"], settings["password"]


def modelarts(credentials, **more):
    builder = sdk.ModelArtsClient.new_builder()
    if more.get("derived"):
        builder = builder._with_derived_auth_service_name("modelarts")
    if more.get("sm3"):
        config = HttpConfig.get_default_config()
        config.signing_algorithm = SigningAlgorithm.HMAC_SM3
        builder = builder.with_http_config(config)
    return builder.with_credentials(credentials).with_region(Region("cn-north-4", endpoint)).build()


def total(client):
    return client.list_training_jobs(sdk.ListTrainingJobsRequest(body=sdk.JobSearches())).total


def found_project():
    credentials = BasicCredentials(ak, sk).with_iam_endpoint(endpoint)
    jobs = total(modelarts(credentials))
    return {"jobs": jobs, "project": credentials.project_id}


def signatures():
    derived = BasicCredentials(ak, sk, project).with_derived_predicate(lambda _: True)
    return {
        "derived": total(modelarts(derived, derived=True)),
        "sm3": total(modelarts(BasicCredentials(ak, sk, project), sm3=True)),
    }


def iam():
    global_credentials = GlobalCredentials(ak, sk, "default")
    client = iam_sdk.IamClient.new_builder().with_credentials(global_credentials).with_endpoint(endpoint).build()
    user = iam_sdk.PwdPasswordUser(
        domain=iam_sdk.PwdPasswordUserDomain(name="AnyDomain"), name="ann", password=password)
    auth = iam_sdk.PwdAuth(
        identity=iam_sdk.PwdIdentity(methods=["password"], password=iam_sdk.PwdPassword(user=user)),
        scope=iam_sdk.AuthScope(project=iam_sdk.AuthScopeProject(name="cn-north-4")))
    answer = client.keystone_create_user_token_by_password(iam_sdk.KeystoneCreateUserTokenByPasswordRequest(
        body=iam_sdk.KeystoneCreateUserTokenByPasswordRequestBody(auth=auth)))
    token = answer.x_subject_token
    checked = client.keystone_validate_token(iam_sdk.KeystoneValidateTokenRequest(x_subject_token=token))
    wish = iam_sdk.TokenAuthIdentity(methods=["token"], token=iam_sdk.IdentityToken(id=token, duration_seconds=900))
    temporary = client.create_temporary_access_key_by_token(iam_sdk.CreateTemporaryAccessKeyByTokenRequest(
        body=iam_sdk.CreateTemporaryAccessKeyByTokenRequestBody(auth=iam_sdk.TokenAuth(identity=wish)))).credential
    option = iam_sdk.CreateCredentialOption(user_id=answer.token.user.id, description="of a peer")
    made = client.create_permanent_access_key(iam_sdk.CreatePermanentAccessKeyRequest(
        body=iam_sdk.CreatePermanentAccessKeyRequestBody(credential=option))).credential
    update = iam_sdk.UpdateCredentialOption(status="inactive")
    client.update_permanent_access_key(iam_sdk.UpdatePermanentAccessKeyRequest(
        access_key=made.access, body=iam_sdk.UpdatePermanentAccessKeyRequestBody(credential=update)))
    listed = client.list_permanent_access_keys(
        iam_sdk.ListPermanentAccessKeysRequest(user_id=answer.token.user.id)).credentials
    client.delete_permanent_access_key(iam_sdk.DeletePermanentAccessKeyRequest(access_key=made.access))
    return temporary, {
        "project": answer.token.project.id,
        "checked": checked.token.user.name,
        "regions": sorted({one.endpoints[0].region for one in answer.token.catalog}),
        "states": {key.access: key.status for key in listed}[made.access],
        "projects": [one.id for one in client.keystone_list_auth_projects(
            iam_sdk.KeystoneListAuthProjectsRequest()).projects],
    }


def temporary_keys(temporary):
    credentials = BasicCredentials(temporary.access, temporary.secret, project)
    credentials.with_security_token(temporary.securitytoken)
    jobs = total(modelarts(credentials))
    bare = BasicCredentials(temporary.access, temporary.secret, project)
    try:
        refused = total(modelarts(bare))
    except ClientRequestException as error:
        refused = [error.status_code, error.error_code]
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 0})
    def objects(**token):
        return boto3.client("s3", endpoint_url=settings["object_endpoint"], aws_access_key_id=temporary.access,
                            aws_secret_access_key=temporary.secret, region_name="us-east-1", config=config, **token)
    store = objects(aws_session_token=temporary.securitytoken)
    store.create_bucket(Bucket="temporary")
    store.put_object(Bucket="temporary", Key="key", Body=b"hello")
    link = store.generate_presigned_url("get_object", Params={"Bucket": "temporary", "Key": "key"})
    try:
        without = objects().list_buckets()
    except ClientError as error:
        without = error.response["Error"]["Code"]
    return {"jobs": jobs, "refused": refused, "link": urllib.request.urlopen(link).read().decode(), "without": without}


def openstack():
    def login(word, name="default"):
        auth = keystone.Password(auth_url=f"{endpoint}/v3", username="ann", password=word, user_domain_name="Default",
                                 project_name=name, project_domain_name="Default")
        return session.Session(auth=auth)
    known = login(password)
    flavors = known.get("/training-job-flavors", endpoint_filter={"service_type": "modelartsv2"}).json()
    again = session.Session(auth=keystone.Token(auth_url=f"{endpoint}/v3", token=known.get_token(), project_id=project))
    refused = []
    for wrong in (login("wrong"), login(password, "nothing")):
        try:
            wrong.get_token()
        except Unauthorized as error:
            refused.append(error.message)
    return {
        "endpoint": known.get_endpoint(service_type="modelartsv2"),
        "flavors": flavors["total_count"],
        "again": again.get("/training-job-flavors", endpoint_filter={"service_type": "modelartsv2"}).status_code,
        "refused": refused,
    }


temporary, facts = iam()
print(json.dumps({
    "found": found_project(),
    "signatures": signatures(),
    "iam": facts,
    "temporary": temporary_keys(temporary),
    "openstack": openstack(),
}))
