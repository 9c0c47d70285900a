import json,warnings
import numpy as np
from astropy.wcs import WCS
from astropy.io import fits
warnings.simplefilter('ignore')
import astropy
cases={}
cases['TAN with CD']=dict(CTYPE1='RA---TAN',CTYPE2='DEC--TAN',CRVAL1=300.1,CRVAL2=-45.2,CRPIX1=1024.5,CRPIX2=744.5,CD1_1=-1.1e-4,CD1_2=1e-6,CD2_1=2e-6,CD2_2=1.1e-4)
cases['axes swapped, as SDSS writes them']=dict(CTYPE1='DEC--TAN',CTYPE2='RA---TAN',CRVAL1=0.85,CRVAL2=355.0,CRPIX1=1025,CRPIX2=745,CD1_1=1e-6,CD1_2=1.1e-4,CD2_1=1.1e-4,CD2_2=-2e-6)
cases['CDELT with CROTA2']=dict(CTYPE1='RA---TAN',CTYPE2='DEC--TAN',CRVAL1=10,CRVAL2=80,CRPIX1=500,CRPIX2=500,CDELT1=-3e-4,CDELT2=2.8e-4,CROTA2=33.0)
cases['CDELT with PC and LONPOLE']=dict(CTYPE1='RA---TAN',CTYPE2='DEC--TAN',CRVAL1=10,CRVAL2=-20,CRPIX1=500,CRPIX2=500,CDELT1=-3e-4,CDELT2=3e-4,PC1_1=0.9,PC1_2=-0.2,PC2_1=0.25,PC2_2=1.1,LONPOLE=150.0)
cases['SIP of order 3']=dict(CTYPE1='RA---TAN-SIP',CTYPE2='DEC--TAN-SIP',CRVAL1=202.5,CRVAL2=47.2,CRPIX1=512,CRPIX2=512,CD1_1=-5e-5,CD1_2=3e-6,CD2_1=3e-6,CD2_2=5e-5,
  A_ORDER=3,B_ORDER=3,A_2_0=2e-6,A_1_1=-1e-6,A_0_2=5e-7,A_3_0=1e-9,A_2_1=-3e-10,A_0_3=4e-10,B_2_0=-1e-6,B_1_1=2e-6,B_0_2=1e-6,B_0_3=-1e-9,B_1_2=7e-10)
out=[]
for name,c in cases.items():
    h=fits.Header()
    for k,v in c.items(): h[k]=v
    w=WCS(h)
    px=[[0,0],[1000.25,37.5],[2047,1488],[511,511]]
    p=[]
    for x,y in px:
        s=w.all_pix2world([[x,y]],0)[0]
        ra,dec=(s[0],s[1]) if c['CTYPE1'].startswith('RA') else (s[1],s[0])
        p.append([x,y,float(ra),float(dec)])
    out.append(dict(name=name,header=c,points=p))
print(json.dumps(dict(origin='astropy '+astropy.__version__+' (WCSLIB), all_pix2world, made by wcs.py',cases=out),indent=1))
